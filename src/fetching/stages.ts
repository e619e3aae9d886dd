import { listOpenCalls } from "../ledger/missed.ts";
import type { PlatformApi } from "./api.ts";
import type { CallList, ListedPage, PlatformClient, Span } from "./client.ts";
import { type FetchPosition, type FetchSubject, partOfSpan, spanOfDay } from "./progress.ts";

/** One list that a job reads to its end. */
export interface Stage {
  /** For people: the list, or the day of an import. */
  name: string;
  /** Calls created outside of it are passed over; `undefined`: none is. */
  span: Span | undefined;
  /** Whether two quiet pages end it. */
  endsQuietly: boolean;
  /** Whether the job goes on without it when it fails. */
  isOptional: boolean;
  page(cursor: string | undefined, api: PlatformApi): Promise<ListedPage>;
}

/** Returns the stage of a position: of a run the lists one after another, of an import the days. `undefined`: the job is over. */
export function stageOf(
  client: PlatformClient,
  kind: "fetch" | "import",
  subject: FetchSubject,
  { stage: number, instead }: FetchPosition,
  db: D1Database,
): Stage | undefined {
  if (kind === "fetch") return stagesOfRun(client, subject, db)[number];
  if (instead && client.byDateInstead !== undefined) {
    return number === 0 ? { ...stageOfList(client.byDateInstead, subject), endsQuietly: false } : undefined;
  }
  const span = partOfSpan(subject, number);
  return span && { ...stageOfList(client.byDate, span), name: span.from.slice(0, "2024-07-15".length) };
}

/** The lists that may fail first, since they cost least; then the ledger's open calls. */
function stagesOfRun(client: PlatformClient, subject: FetchSubject, db: D1Database): Stage[] {
  const { recent, byDate } = client;
  const lists = (isOptional: boolean) =>
    recent.filter((list) => (list.isOptional ?? false) === isOptional).map((list) => stageOfList(list, subject));
  const lookUp = lookUpStage(client, subject.day !== null, db);
  const daily = subject.day === null ? [] : [{ ...stageOfList(byDate, spanOfDay(subject.day)), isOptional: true }];
  return [...lists(true), ...(lookUp === undefined ? [] : [lookUp]), ...lists(false), ...daily];
}

function stageOfList(list: CallList, span: Span): Stage {
  return {
    name: list.name,
    span,
    endsQuietly: true,
    isOptional: list.isOptional ?? false,
    page: (cursor, api) => list.list(span, cursor, api),
  };
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** How long the webhooks of a call are waited for: its end, and its analysis. */
const END_LATE_MS = 5 * MINUTE_MS;
const ANALYSIS_LATE_MS = 15 * MINUTE_MS;

/** What no run of a week found has no end. D1 reads each call of the span: once a day those of a week, else of a day. */
const OPEN_DAYS = { ofEveryRun: 1, ofTheDaily: 7 };

function lookUpStage({ name, lookUp }: PlatformClient, isDaily: boolean, db: D1Database): Stage | undefined {
  if (lookUp === undefined) return undefined;
  return {
    name: "open calls",
    span: undefined,
    endsQuietly: true,
    isOptional: false,
    async page(_cursor, api) {
      const before = (ms: number) => new Date(Date.now() - ms).toISOString();
      const span = {
        from: before((isDaily ? OPEN_DAYS.ofTheDaily : OPEN_DAYS.ofEveryRun) * DAY_MS),
        endMissingBefore: before(END_LATE_MS),
        analysisMissingBefore: before(ANALYSIS_LATE_MS),
      };
      const callIds = await listOpenCalls(db, name, span, lookUp.limit);
      return { calls: callIds.length === 0 ? [] : await lookUp.find(callIds, api), next: undefined };
    },
  };
}
