import type { ToolTurn, Turn } from "../events/event.ts";
import { isJsonObject } from "../events/fields.ts";
import { findPlatform } from "../platforms/index.ts";
import { askStore } from "../stores/ask.ts";
import { supersededKey, transcriptKey } from "./keys.ts";

/** A `call.end` body with its keys and its metadata in the archive. */
export interface ArchivedBody {
  /** The prefix of all objects of the call. */
  prefix: string;
  body: ArrayBuffer;
  /** `StoredBody.sha256`: the same for repetitions that differ in their bytes. */
  identity: string;
  metadata: {
    platform: string;
    call_id: string;
    agent_id: string;
    event_id: string;
    /** SHA-256 of the object's bytes, hex. */
    sha256: string;
    identity: string;
    /** See `transcriptVersion`: of several bodies of a call the highest is the transcript. */
    version: string;
  };
}

/** A round fails when another body of the call is written at the same time; so many in a row mean that something is wrong. */
const MAX_ROUNDS = 8;

/**
 * Archives a `call.end` body. The body of the highest version has the transcript's key, the others lie under `superseded/`, whatever
 * the order of arrival. Idempotent. Run after D1 has the event.
 * @param result of D1: a new event almost always finds the key free, a duplicate almost always its own body under it
 */
export async function archiveTranscript(
  bucket: R2Bucket,
  { prefix, body, identity, metadata }: ArchivedBody,
  result: "stored" | "duplicate",
  until: number,
): Promise<void> {
  const key = transcriptKey(prefix);
  const options = { httpMetadata: { contentType: "application/json" }, customMetadata: { ...metadata } };
  const ask = <T>(work: () => Promise<T>) => askStore("R2", work, { until });
  const put = (onlyIf: R2Conditional) => ask(() => bucket.put(key, body, { ...options, onlyIf }));

  if (result === "stored" && (await put({ etagDoesNotMatch: "*" })) !== null) return;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const present = await ask(() => bucket.head(key));
    if (present === null) {
      if ((await put({ etagDoesNotMatch: "*" })) !== null) return;
      continue;
    }
    const { identity: presentIdentity, version = "" } = present.customMetadata ?? {};
    if (presentIdentity === identity) return;
    if (version > metadata.version) {
      await ask(() => bucket.put(supersededKey(prefix, identity), body, options));
      return;
    }
    const isCopied = await ask(() => copyToSuperseded(bucket, prefix, present.etag));
    if (isCopied && (await put({ etagMatches: present.etag })) !== null) return;
  }
  throw new Error("the transcript of a call changed with every try");
}

/** @returns false if another body has the key by now */
async function copyToSuperseded(bucket: R2Bucket, prefix: string, etag: string): Promise<boolean> {
  const present = await bucket.get(transcriptKey(prefix));
  if (present === null || present.etag !== etag) {
    await present?.body.cancel();
    return false;
  }
  const identity = present.customMetadata?.["identity"] ?? present.etag;
  await bucket.put(supersededKey(prefix, identity), await present.arrayBuffer(), {
    httpMetadata: present.httpMetadata ?? {},
    customMetadata: present.customMetadata ?? {},
  });
  return true;
}

/** The archived conversation of a call. */
export interface ArchivedTranscript {
  turns: Turn[];
  /** As in `calls.ledger_column_versions`, under `transcript_key`. */
  version: string;
}

/**
 * Reads the conversation of a call from its `call.end` body.
 * @param key `calls.transcript_key`
 * @param limits `maxBytes` of a body that is read, and milliseconds since 1970 by which R2 has to have answered
 * @returns `undefined` when there is no object under the key, or one that is larger
 */
export async function readTranscript(
  bucket: R2Bucket,
  key: string,
  { maxBytes = Number.POSITIVE_INFINITY, until }: { maxBytes?: number; until?: number } = {},
): Promise<ArchivedTranscript | undefined> {
  const read = async () => {
    const stored = await bucket.get(key);
    if (stored === null) return undefined;
    if (stored.size > maxBytes) {
      await stored.body.cancel();
      return undefined;
    }
    return { body: await stored.json<unknown>(), metadata: stored.customMetadata ?? {} };
  };
  const object = await askStore("R2", read, until === undefined ? {} : { until });
  if (object === undefined) return undefined;
  const { body, metadata } = object;
  const platform = findPlatform(metadata["platform"] ?? "");
  return {
    turns: platform !== undefined && isJsonObject(body) ? platform.turns(body) : [],
    version: metadata["version"] ?? "",
  };
}

/** Formats a conversation for reading: a paragraph a turn, with its speaker and time if known, and a line a tool call. */
export function conversationText(turns: readonly Turn[]): string {
  return turns
    .map((turn) => {
      const time = turn.timestamp === null ? "" : `(${turn.timestamp})`;
      if (turn.kind === "tool")
        return `${oneLine(["tool", turn.name.replaceAll(/\s+/g, " "), time, turn.status, ...toolTexts(turn)])}\n`;
      return `${oneLine([turn.role ?? "unknown", time])}:\n${turn.content}\n`;
    })
    .join("\n");
}

function toolTexts({ arguments: given, result, duration_ms }: ToolTurn): string[] {
  const duration = duration_ms === null ? [] : [`${Math.round(duration_ms)} ms`];
  return [
    ...duration,
    ...(given === null ? [] : [JSON.stringify(given)]),
    ...(result === null ? [] : ["→", JSON.stringify(result)]),
  ];
}

/** Joins the words that are known, with spaces. */
function oneLine(words: readonly (string | null)[]): string {
  return words.filter(Boolean).join(" ");
}
