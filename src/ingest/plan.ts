import { callPrefix, overflowKey, transcriptKey } from "../archive/keys.ts";
import type { OverflowObject } from "../archive/objects.ts";
import type { ArchivedBody } from "../archive/transcripts.ts";
import type { CallEvent, EventName } from "../events/event.ts";
import { phoneDigits } from "../events/phone.ts";
import { type StoredBody, sha256 } from "../events/received.ts";
import { searchText } from "../events/search-text.ts";
import { transcriptVersion } from "../events/version.ts";
import type { SyncMessage } from "../ledger/deliveries.ts";
import { fits, overflowText } from "../ledger/overflow.ts";
import { patchOf } from "../ledger/patch.ts";
import type { LedgerEntry, LedgerWrite } from "../ledger/record.ts";
import { toolCallsOf } from "../ledger/tool-calls.ts";
import type { DecodedEvents } from "./decode.ts";

/** Everything that the stores are to have of a body. */
export interface Plan {
  call_id: string;
  event_id: string;
  /** The name of the first event, for the log. */
  event: string;
  ledger: LedgerWrite;
  /** Present if the body has the end of a call. */
  transcript: ArchivedBody | undefined;
  /** Present if a value is too large for D1's 2 MB a row. */
  overflow: OverflowObject | undefined;
  /** To be sent once the events are stored. */
  messages: SyncMessage[];
}

/** A destination as a plan knows it. */
export interface PlannedDestination {
  readonly name: string;
  /** The events that it is sent. */
  readonly events: readonly EventName[];
}

/** Settings and destinations that a plan depends on. */
export interface PlanOptions {
  /** Whether the words of a transcript are indexed. */
  searchTranscripts: boolean;
  /** Whether the audio of calls is copied. */
  archiveRecordings: boolean;
  /** The destinations that are switched on. */
  destinations: readonly PlannedDestination[];
}

/** With the other columns, the row stays below the 2,000,000 bytes of a D1 row. */
const MAX_PAYLOAD_BYTES = 1_900_000;

/** A body names one or two; a hostile one must not make a row of each. */
const MAX_CALLER_NUMBERS = 5;

/** Works out everything that the stores are to have of a body, before any store is asked. */
export async function plan(received: StoredBody, decoded: DecodedEvents, options: PlanOptions): Promise<Plan> {
  const { event_id, events } = decoded;
  const [{ call_id }] = events;
  const prefix = await callPrefix(call_id);
  const keys = { transcript: transcriptKey(prefix), overflow: overflowKey(prefix, received.sha256) };

  const isPayloadOverflow = !fits(decoded.payloadText, MAX_PAYLOAD_BYTES);
  const payload = isPayloadOverflow ? overflowText(keys.overflow) : decoded.payloadText;
  // Names this run of ingest, so that D1 can tell its rows from those of another run.
  const ledger_ingest_id = crypto.randomUUID();
  const entryOf = (event: CallEvent, payload: string | null): LedgerEntry => ({
    row: {
      call_id,
      event: event.event,
      event_id,
      agent_id: event.agent_id,
      occurred_at: event.timestamp,
      received_at: received.receivedAt,
      format: decoded.format,
      payload,
      ledger_sha256: received.sha256,
      ledger_ingest_id,
      ledger_caller_digits: callerDigits(event),
    },
    ...transcriptEntry(event, received, decoded, options),
    destinations: options.destinations.filter(({ events }) => events.includes(event.event)).map(({ name }) => name),
  });
  const [first, ...others] = events;
  const entries = [entryOf(first, payload), ...others.map((event) => entryOf(event, null))] as const;

  const end = events.find(({ event }) => event === "call.end");
  const patch = patchOf(events, received, keys);
  const isOverflow = isPayloadOverflow || patch.isOverflow;
  return {
    call_id,
    event_id,
    event: first.event,
    ledger: {
      platform: decoded.platform.name,
      callSha256: await sha256(call_id),
      patch,
      isFetched: received.fetched !== undefined,
      asksForRecording: options.archiveRecordings && patch.values.recording_url !== undefined,
      entries,
    },
    transcript: end && (await archivedBody(end, received, event_id, prefix)),
    overflow: isOverflow ? { key: keys.overflow, body: received.body } : undefined,
    messages: entries.flatMap(({ row, destinations }) =>
      destinations.map((destination) => ({
        event: row.event,
        timestamp: row.occurred_at,
        agent_id: row.agent_id,
        call_id,
        event_id,
        destination,
      })),
    ),
  };
}

function callerDigits({ caller_phone, caller_phones = [] }: CallEvent): string | null {
  if (caller_phone === undefined && caller_phones.length === 0) return null;
  const digits = new Set([caller_phone ?? "", ...caller_phones].slice(0, MAX_CALLER_NUMBERS).map(phoneDigits));
  digits.delete("");
  return digits.size === 0 ? null : JSON.stringify([...digits]);
}

/** Returns the words and the tool calls of an event's transcript. An end without one has none of them, and may outrank one that has. */
function transcriptEntry(
  event: CallEvent,
  received: StoredBody,
  { platform, body }: DecodedEvents,
  { searchTranscripts }: PlanOptions,
): Pick<LedgerEntry, "searchText" | "toolCalls"> {
  if (event.event !== "call.end") return { searchText: undefined, toolCalls: undefined };
  const version = transcriptVersion(event, received);
  const hasTranscript = event.transcript_turns !== undefined;
  const turns = hasTranscript ? platform.turns(body) : [];
  return {
    searchText: hasTranscript && searchTranscripts ? { version, text: searchText(turns) } : undefined,
    toolCalls: { version, rows: toolCallsOf(turns) },
  };
}

async function archivedBody(
  end: CallEvent,
  received: StoredBody,
  event_id: string,
  prefix: string,
): Promise<ArchivedBody> {
  const { platform, body, sha256: identity } = received;
  const { call_id, agent_id } = end;
  const version = transcriptVersion(end, received);
  const metadata = { platform, call_id, agent_id, event_id, sha256: await sha256(body), identity, version };
  return { prefix, body, identity, metadata };
}
