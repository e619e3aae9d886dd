import { overflowKey, transcriptKey } from "../archive/keys.ts";
import type { CallEvent } from "../events/event.ts";
import type { Received } from "../events/received.ts";
import { type Contribution, contribution } from "../ledger/calls.ts";
import { type Conversation, saidIn } from "../ledger/conversations.ts";
import { type EventRow, payloadColumn } from "../ledger/events.ts";
import type { DecodedEvent } from "../platforms/decode.ts";
import { turnsOf } from "../platforms/turns.ts";

/** An event, with everything that the stores are to keep of it. */
export interface Entry extends Received {
  event: CallEvent;
  row: EventRow;
  contribution: Contribution;
  /** R2 key of the body when it is a `call.end`. */
  transcriptKey: string | undefined;
  /** What was said, when words are searched and the event brings any. */
  conversation: Conversation | undefined;
  /** D1's 2 MB a row had to cut something, so the body must be whole in R2. */
  overflows: boolean;
}

/** The event's own `id`, else the digest of its body: the contract's event identity. */
export function eventIdOf(id: string | undefined, digest: string): string {
  return id ?? digest;
}

/**
 * Works out what to keep of an event, before any store is asked.
 * @param searchTranscripts whether the words of a transcript are to be found
 */
export async function makeEntry(received: Received, decoded: DecodedEvent, searchTranscripts: boolean): Promise<Entry> {
  const { digest, receivedAt } = received;
  const { event } = decoded;
  const overflow = overflowKey(digest);
  const transcript = event.event === "call.end" ? await transcriptKey(event.call_id, event.ended_at) : undefined;
  const told = contribution(event, digest, transcript, overflow);
  const { payload, cut } = payloadColumn(decoded.payload, decoded.withoutTranscript, overflow);
  return {
    ...received,
    event,
    row: {
      event_id: eventIdOf(decoded.id, digest),
      call_id: event.call_id,
      agent_id: event.agent_id,
      event: event.event,
      occurred_at: event.timestamp,
      received_at: receivedAt,
      format: decoded.format,
      payload,
    },
    contribution: told,
    transcriptKey: transcript,
    conversation: searchTranscripts ? conversationOf(decoded, told) : undefined,
    overflows: cut || told.cut,
  };
}

function conversationOf({ event, body }: DecodedEvent, { sources }: Contribution): Conversation | undefined {
  const version = sources.transcript_key;
  if (event.event !== "call.end" || event.transcript_turns === undefined || version === undefined) return undefined;
  return { call_id: event.call_id, version, said: saidIn(turnsOf(body)) };
}
