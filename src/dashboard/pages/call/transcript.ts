import { readTranscript } from "../../../archive/transcripts.ts";
import type { Turn } from "../../../events/event.ts";
import { instant } from "../../../events/fields.ts";
import type { CallRow } from "../../../ledger/schema.ts";
import { logError } from "../../../log.ts";
import { formatClock, formatTime } from "../../ui/times.ts";

/** A call's transcript, or why there is none to show. */
export type TranscriptState =
  | { kind: "present"; turns: Turn[] }
  /** As far as the ledger knows, the call goes on. */
  | { kind: "not-ended" }
  /** The call was analyzed, so it has ended, but its `call.end` has not come in. */
  | { kind: "end-missing" }
  /** The call ended, and its `call.end` carries neither words nor tool calls. */
  | { kind: "empty" }
  /** The row names an object that is not in the archive. */
  | { kind: "lost" }
  /** The archive does not answer, or its object is not what was put into it. */
  | { kind: "unreadable" };

/** Reads a call's transcript. Never rejects: the rest of the page is worth showing without it. */
export async function readTranscriptState(bucket: R2Bucket, call: CallRow): Promise<TranscriptState> {
  const { transcript_key: key, status, ended_at, call_id } = call;
  if (key === null && ended_at !== null) return { kind: "empty" };
  if (key === null) return { kind: status === "active" ? "not-ended" : "end-missing" };
  try {
    const archived = await readTranscript(bucket, key);
    if (archived === undefined) return { kind: "lost" };
    const { turns } = archived;
    return turns.length === 0 ? { kind: "empty" } : { kind: "present", turns };
  } catch (error) {
    logError({ message: "could not read a transcript", call_id }, error);
    return { kind: "unreadable" };
  }
}

/** Beyond it, a clock that starts at 00:00 means nothing: one of the two times is wrong. */
const LONGEST_CALL_SECONDS = 24 * 60 * 60;

/** When a turn began: in words, and as a moment where it is known as one (ISO 8601 UTC). */
export interface SpokenAt {
  text: string;
  moment?: string;
}

/**
 * The moment from which the clock of a conversation runs.
 * @param startedAt of the call, ISO 8601 UTC; null when it is not known
 */
export function startOfSpeech(startedAt: string | null, turns: readonly Pick<Turn, "timestamp">[]): string | undefined {
  if (startedAt !== null) return startedAt;
  for (const { timestamp } of turns) {
    const moment = instant.safeParse(timestamp);
    if (moment.success) return moment.data;
  }
  return undefined;
}

/**
 * A turn's timestamp as time into the call; as time of the day where it does not lie in the call; as it is where it is no
 * time, since platforms send any text.
 */
export function spokenAt(timestamp: string, start: string | undefined, timeZone: string): SpokenAt {
  const { success, data: moment } = instant.safeParse(timestamp);
  if (!success) return { text: timestamp };
  const seconds = start === undefined ? -1 : (Date.parse(moment) - Date.parse(start)) / 1000;
  const inCall = seconds >= 0 && seconds < LONGEST_CALL_SECONDS;
  return { text: inCall ? formatClock(seconds) : formatTime(moment, timeZone, "second"), moment };
}
