import { readAgain, sha256 } from "../events/received.ts";
import { beginningOf, readBody } from "../http/body.ts";
import { notFound } from "../http/problem.ts";
import { log } from "../log.ts";
import { findPlatform, platformSecrets } from "../platforms/index.ts";
import type { Platform } from "../platforms/platform.ts";
import { readSettings } from "../settings.ts";
import { type IngestContext, ingestOrHold } from "./ingest.ts";
import { withoutMembers } from "./json.ts";
import { type ReceiveResult, toResponse } from "./result.ts";
import { withoutSecrets } from "./secrets.ts";

/** `POST /webhooks/{platform}`: one body in, one answer out, one line in the log. */
export async function receiveWebhook(
  request: Request,
  platformName: string,
  env: Env,
  context: IngestContext,
): Promise<Response> {
  const platform = findPlatform(platformName);
  if (platform === undefined) return notFound("No platform of this name sends its webhooks here.");
  const receiving = receive(request, platform, env, context);
  // The runtime cancels a request whose sender hangs up, with all that it has not sent off. Ingesting runs to its end.
  context.waitUntil(receiving);
  return toResponse(await receiving);
}

async function receive(request: Request, platform: Platform, env: Env, context: IngestContext): Promise<ReceiveResult> {
  const receivedAt = new Date();
  const result = await receiveAt(receivedAt, request, platform, env, context);
  log({
    message: "event",
    platform: platform.name,
    result: result.kind,
    ...("event_id" in result && { event_id: result.event_id, call_id: result.call_id, event: result.event }),
    ...("failed" in result && { failed: result.failed }),
    ...("parked_in" in result && { parked_in: result.parked_in }),
    duration_ms: Date.now() - receivedAt.getTime(),
  });
  return result;
}

async function receiveAt(
  receivedAt: Date,
  request: Request,
  platform: Platform,
  env: Env,
  context: IngestContext,
): Promise<ReceiveResult> {
  const secrets = platformSecrets(platform, env);
  if (secrets.length === 0) return { kind: "not-configured", setting: platform.secretsSetting };

  const verifyBody = platform.verify(request.headers, secrets, receivedAt);
  if (typeof verifyBody !== "function") return { kind: "unsigned", ...verifyBody };
  const { maxBodyBytes } = readSettings(env);
  const { ignoresLarge } = platform;
  const body = await readBody(request, maxBodyBytes, { ignoresLarge });
  if (body === "ignored") return { kind: "ignored" };
  if (typeof body === "string") return { kind: body, limit: maxBodyBytes };
  const fault = await verifyBody(body);
  if (fault !== undefined) return { kind: "unsigned", ...fault };
  // Before it is parsed, or parked for its size.
  if (ignoresLarge?.(beginningOf(body))) return { kind: "ignored" };

  const cleaned = await withoutSecrets(body, platform);
  const digest = await digestOf(cleaned, platform);
  const stored = { platform: platform.name, body: cleaned, sha256: digest, receivedAt: receivedAt.toISOString() };
  return ingestOrHold(readAgain(stored), context, receivedAt.getTime() + 7500);
}

async function digestOf(body: ArrayBuffer, { varyingMembers }: Platform): Promise<string> {
  return sha256(varyingMembers === undefined ? body : withoutMembers(body, varyingMembers));
}
