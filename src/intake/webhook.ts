import { sha256 } from "../digest.ts";
import { log } from "../log.ts";
import { readSettings } from "../settings.ts";
import { accept } from "./accept.ts";
import { readBody } from "./body.ts";
import { type Outcome, toResponse } from "./outcome.ts";
import { readSignatures, signedByAny } from "./signature.ts";

/** `POST /webhooks/atoms`: one event in, one answer out, one line in the log. */
export async function receiveWebhook(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const receivedAt = new Date();
  const outcome = await receive(request, receivedAt, env, ctx);
  const response = toResponse(outcome);
  const { kind: answer, ...about } = outcome;
  log({
    message: "event",
    answer,
    status: response.status,
    event_id: "event_id" in about ? about.event_id : undefined,
    call_id: "call_id" in about ? about.call_id : undefined,
    event: "event" in about ? about.event : undefined,
    failed: "failed" in about ? about.failed : undefined,
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

  return accept({ body, digest: await sha256(body), receivedAt: receivedAt.toISOString() }, env, ctx);
}
