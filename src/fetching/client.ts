import type { EventName, JsonObject } from "../events/event.ts";
import { ApiError, type PlatformApi } from "./api.ts";

/** The events whose absence makes a run fetch a call. A start alone does not: the end has its facts. */
export type WantedEvent = Exclude<EventName, "call.start">;

/** A call as a list of its platform shows it. */
export interface ListedCall {
  /** As in the platform's webhooks. */
  call_id: string;
  /** `running`: left alone, whatever the ledger lacks of it. */
  state: "running" | "ended";
  /** ISO 8601 UTC; `undefined` if neither the list nor the id says it. */
  createdAt: string | undefined;
  /** The events that fetching the call would tell: `analytics.completed` only if its analysis is there. Empty for a running call. */
  tells: readonly WantedEvent[];
  /** The list's item, for `bodiesOf`. Never stored or logged. */
  item: JsonObject;
}

/** One page of a list. */
export interface ListedPage {
  calls: readonly ListedCall[];
  /** Names the next page; `undefined`: this is the last. Stored with the job: no secret, no number, no name of a person. */
  next: string | undefined;
}

/** A span of time; both ISO 8601 UTC, the end is out. */
export interface Span {
  from: string;
  to: string;
}

/** A list of calls that a platform offers. */
export interface CallList {
  /** For logs and the job. */
  readonly name: string;
  /** Whether the run goes on without it when it fails, because not every account has it. */
  readonly isOptional?: boolean;
  /**
   * Asks for one page, in one request if possible, of 100 calls if possible.
   * @param span when the calls were created. A list that cannot be narrowed by time gives the newest first: two pages in a row
   * without anything missing, all of it older than `from`, end it
   * @param cursor the `next` of the page before; `undefined`: the first page
   * @throws {ApiError}
   */
  list(span: Span, cursor: string | undefined, api: PlatformApi): Promise<ListedPage>;
}

/** A body as the platform's webhook would have sent it. */
export interface FetchedBody {
  /**
   * Fits the decoder in `src/platforms`. Has no id of its own: a webhook that comes after all is a correction. Prompts, headers of
   * tools and the agent's configuration are left out.
   */
  body: JsonObject;
  /**
   * ISO 8601 UTC: the best guess at when the event occurred, never later than it did. Stands in, marked as worked out, where the body
   * does not state the time.
   */
  time: string;
}

/**
 * Returns the first time that is stated of a call.
 * @throws {ApiError} `unreadable` if nothing says when it was: in the ledger it would have to stand at a made-up time
 */
export function firstTime(callId: string, times: readonly (string | undefined)[]): string {
  const time = times.find((one) => one !== undefined);
  if (time === undefined) throw new ApiError("unreadable", `nothing says when ${callId} was`);
  return time;
}

/** How calls are fetched from a platform. To add one: a folder beside `atoms/`, a line in `index.ts`. */
export interface PlatformClient {
  /** The name of the platform in `src/platforms`. */
  readonly name: string;
  /** The secret with the key: fetching is on when it is set. */
  readonly keySetting: `${string}_API_KEY`;
  /** The variable that says where the API is, if not at `base`. */
  readonly baseSetting: `${string}_API_BASE`;
  /** `https://…`, without a slash at the end. */
  readonly base: string;
  headers(key: string): Record<string, string>;
  /** Asked one after another in every run, over the time since the last good run. */
  readonly recent: readonly CallList[];
  /** Lists the calls of a span by their date: asked once a day about the day before, and by an import. */
  readonly byDate: CallList;
  /** Asked by an import in place of `byDate` when that fails. */
  readonly byDateInstead?: CallList;
  /** Finds calls that the ledger has open by their ids. Absent: only the lists find them. */
  readonly lookUp?: {
    /** Calls of one run: 100 if one request answers for all, a few if each takes its own. */
    readonly limit: number;
    /** Leaves out what the platform does not know. */
    find(callIds: readonly string[], api: PlatformApi): Promise<ListedCall[]>;
  };
  /**
   * Fetches one ended call, and makes bodies of the platform's own webhook of it. A body whose events the ledger has by then is
   * dropped at the door.
   * @param lacks those of `tells` that the ledger has not: an analysis alone may need no request
   * @throws {ApiError} `not-found` if there is no such call (any more): the run goes on without it
   */
  bodiesOf(call: ListedCall, lacks: ReadonlySet<WantedEvent>, api: PlatformApi): Promise<FetchedBody[]>;
  /** Asks for the present address of a call's recording; `undefined` if there is none. Absent: the address does not expire. */
  recordingUrl?(callId: string, api: PlatformApi): Promise<string | undefined>;
}
