import { readBody } from "../http/body.ts";
import { notFound } from "../http/problem.ts";
import { log } from "../log.ts";
import { findPlatform, platformSecrets } from "../platforms/index.ts";
import type { Platform } from "../platforms/platform.ts";
import { readSettings } from "../settings.ts";
import { type IngestContext, ingestOrHold } from "./ingest.ts";
import { receive } from "./receive.ts";
import { type ReceiveResult, toResponse } from "./result.ts";

/** Every answer is out within 8 seconds, whatever hangs: one platform gives up after ten. */
const ANSWER_TIMEOUT_MS = 7_500;

/** `POST /webhooks/{platform}`: verifies and ingests a body, answers, and logs one line. */
export async function receiveWebhook(
  request: Request,
  platformName: string,
  env: Env,
  context: IngestContext,
): Promise<Response> {
  const platform = findPlatform(platformName);
  if (platform === undefined) return notFound("No platform of this name sends its webhooks here.");
  const receiving = answer(request, platform, env, context);
  // When a sender hangs up, the runtime cancels the request with its unfinished work: this lets ingesting run to its end.
  context.waitUntil(receiving);
  return toResponse(await receiving);
}

async function answer(request: Request, platform: Platform, env: Env, context: IngestContext): Promise<ReceiveResult> {
  const receivedAt = new Date();
  const result = await verifyAndIngest(receivedAt, request, platform, env, context);
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

async function verifyAndIngest(
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
  const body = await readBody(request, maxBodyBytes);
  if (typeof body === "string") return { kind: body, limit: maxBodyBytes };
  const fault = await verifyBody(body);
  if (fault !== undefined) return { kind: "unsigned", ...fault };
  const received = await receive(platform, body, receivedAt);
  return ingestOrHold(received, context, receivedAt.getTime() + ANSWER_TIMEOUT_MS);
}
