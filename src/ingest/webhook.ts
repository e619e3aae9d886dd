import { sha256 } from "../events/digest.ts";
import type { Received } from "../events/received.ts";
import { readBody } from "../http/body.ts";
import { log } from "../log.ts";
import { park } from "../parking/index.ts";
import { readSignatures, signedByAny } from "../platforms/atoms/signature.ts";
import { readSettings } from "../settings.ts";
import { accept } from "./accept.ts";
import { type Outcome, toResponse } from "./outcome.ts";

/** `POST /webhooks/atoms`: one event in, one answer out, one line in the log. */
export async function receiveWebhook(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const receivedAt = new Date();
  const outcome = await receive(request, receivedAt, env, ctx);
  const response = toResponse(outcome);
  log({
    message: "event",
    answer: outcome.kind,
    status: response.status,
    ...("event_id" in outcome && { event_id: outcome.event_id, call_id: outcome.call_id, event: outcome.event }),
    ...("failed" in outcome && { failed: outcome.failed }),
    ...("parked_in" in outcome && { parked_in: outcome.parked_in }),
    milliseconds: Date.now() - receivedAt.getTime(),
  });
  return response;
}

async function receive(request: Request, receivedAt: Date, env: Env, ctx: ExecutionContext): Promise<Outcome> {
  const settings = readSettings(env);
  if (settings.webhookSecrets.length === 0) return { kind: "not-configured" };

  const signatures = readSignatures(request.headers);
  if (typeof signatures === "string") return { kind: "unsigned", fault: signatures };
  const body = await readBody(request, settings.maxBodyBytes);
  if (body === "too-large") return { kind: "too-large", limit: settings.maxBodyBytes };
  if (!(await signedByAny(body, signatures, settings.webhookSecrets))) return { kind: "unsigned", fault: "wrong" };

  return acceptOrPark({ body, digest: await sha256(body), receivedAt: receivedAt.toISOString() }, env, ctx);
}

/** From here on the body is genuine and comes only once: whatever goes wrong, it must be kept. */
async function acceptOrPark(received: Received, env: Env, ctx: ExecutionContext): Promise<Outcome> {
  const accepted = await accept(received, env, ctx);
  if (accepted.kind !== "not-kept") return accepted;

  const { failures, ...about } = accepted;
  const failed = Array.from(failures, ([store, reason]) => `${store}: ${reason}`).join("; ") || "unexpected";
  const parked_in = await park(received, new Set(failures.keys()), failed, env);
  return parked_in === undefined ? { ...about, failed } : { ...about, kind: "parked", failed, parked_in };
}
