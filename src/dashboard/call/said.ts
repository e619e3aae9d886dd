import { readConversation } from "../../archive/conversation.ts";
import type { ListedCall } from "../../ledger/call-list.ts";
import { logError, reasonOf } from "../../log.ts";
import type { Turn } from "../../platforms/turns.ts";
import { attempt } from "../../stores/attempt.ts";
import { STORE_LIMIT } from "../../stores/limits.ts";

/** What is known of what was said in a call. */
export type Said =
  | { kind: "said"; turns: Turn[] }
  /** The call goes on, as far as we know. */
  | { kind: "not-ended" }
  /** It was analyzed, so it has ended, but the event that says so is not here. */
  | { kind: "end-missing" }
  /** It ended, and not a word came with its end. */
  | { kind: "nothing" }
  /** The row names an object that is not in the archive. */
  | { kind: "lost" }
  /** The archive does not answer, or not with what was put into it. */
  | { kind: "unread" };

/** Reads what was said. Never fails: the rest of a page is worth showing without it. */
export async function readSaid(bucket: R2Bucket, call: ListedCall): Promise<Said> {
  const { transcript_key: key, status, call_id } = call;
  if (key === null) return { kind: status === "active" ? "not-ended" : "end-missing" };
  try {
    const archived = await attempt(() => readConversation(bucket, key), STORE_LIMIT);
    if (archived === undefined) return { kind: "lost" };
    const { turns } = archived;
    return turns.length === 0 ? { kind: "nothing" } : { kind: "said", turns };
  } catch (error) {
    logError({ message: "transcript unread", call_id, error: reasonOf(error) });
    return { kind: "unread" };
  }
}
