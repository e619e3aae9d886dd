import type { Child } from "hono/jsx";
import { MAX_RANGE_DAYS } from "../../../http/range.ts";
import type { CallsAmong } from "../../../ledger/calls.ts";
import { readChoices, readMetricsOf } from "../../../ledger/choices.ts";
import { callsAsCsv } from "../../../ledger/csv.ts";
import { type Page as ListedPage, MAX_LOOKED_AT } from "../../../ledger/page.ts";
import { reader } from "../../../ledger/schema.ts";
import { searchCalls, searchedDigits } from "../../../ledger/search.ts";
import { countFailedTools } from "../../../ledger/tool-calls.ts";
import { readAgents } from "../../../ledger/totals/statistics.ts";
import { readLeftOfList } from "../../../letting-go/listed.ts";
import { namesOfPlatforms } from "../../../platforms/index.ts";
import { readSettings } from "../../../settings.ts";
import { html } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { ActionNotice, Notice } from "../../ui/notices.tsx";
import { counted, formatCount } from "../../ui/numbers.ts";
import { ButtonLink, Empty, Paging } from "../../ui/parts.tsx";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { ActiveFilters } from "./active-filters.tsx";
import { Filters, nothingOffered, type Offered } from "./filters.tsx";
import { LeftCalls } from "./left.tsx";
import { type CallsQuery, listPath, metricsIn, mistakeOf, readCallsQuery, searchOf } from "./query.ts";
import { readQuotes } from "./quotes.ts";
import { CallTable, listedCall } from "./table.tsx";

const CALLS_A_PAGE = 50;

/** Agents to choose from are those of so many milliseconds, unless the filter has a range; of a longer one, those of its end. */
const DAY_MS = 24 * 60 * 60 * 1000;
const AGENTS_MS = 7 * DAY_MS;
const MAX_AGENTS_MS = MAX_RANGE_DAYS * DAY_MS;

/** `GET /calls`: lists calls, newest first, filtered and page by page. */
export const showCalls: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readCallsQuery(url, viewer.timeZone);
  if (query.errors.length > 0) return mistakePage(query, viewer, env);
  const { page, offered, left, ...details } = await readCalls(env, query, viewer.now);
  if (page.kind === "refused") return mistakePage({ ...query, errors: [mistakeOf(page.error)] }, viewer, env);
  const order = orderOf(page.among);
  return html(
    <CallsPage
      query={query}
      offered={offered}
      isDownload={page.rows.length > 0 || page.next !== undefined}
      lead={leadOf(page, order)}
      viewer={viewer}
    >
      <ActionNotice query={url.searchParams} />
      <ActiveFilters typed={query.typed} filter={query.filter} />
      <div class="sheet">
        {page.rows.length > 0 ? (
          <CallTable
            calls={page.rows}
            order={order}
            list={listPath("/calls", query.typed, query.cursor)}
            typed={query.typed}
            viewer={viewer}
            {...details}
          />
        ) : (
          <NoCalls query={query} hasOlder={page.next !== undefined} />
        )}
      </div>
      {left !== undefined && <LeftCalls left={left} />}
      <Paging
        first={query.cursor && listPath("/calls", query.typed)}
        next={page.next && listPath("/calls", query.typed, page.next)}
        words={searchOf(query.typed) === undefined ? { first: "Newest", next: "Older calls" } : undefined}
        fewerOf={page.rows.length < CALLS_A_PAGE && "calls"}
      />
    </CallsPage>,
  );
};

/** Calls of a number and of words are listed as their index has them. */
function orderOf({ among }: CallsAmong): string {
  return among === "number" || among === "words"
    ? "in the order in which they came in, the last first"
    : "newest first";
}

function leadOf({ matching }: ListedPage<unknown>, order: string): string {
  if (matching === undefined) return order;
  const { count, exact } = matching;
  if (exact) return `${counted(count, "call")}, ${order}`;
  const looked = count < MAX_LOOKED_AT ? ` among the newest ${formatCount(MAX_LOOKED_AT)}, and perhaps older ones` : "";
  return `${formatCount(count)}+ calls${looked}, ${order}`;
}

/** `GET /calls.csv`: sends all calls of a filter, for a spreadsheet. */
export const downloadCalls: PageHandler = async (request, viewer, env) => {
  const query = readCallsQuery(new URL(request.url), viewer.timeZone);
  if (query.errors.length > 0) return mistakePage(query, viewer, env);
  return callsAsCsv(reader(env.DB), query.filter, readSettings(env).searchTranscripts);
};

/** Shows the form as it was filled in, with the mistakes in it. */
function mistakePage(query: CallsQuery, viewer: Viewer, env: Env): Promise<Response> {
  return html(
    <CallsPage query={query} offered={{ ...nothingOffered, platforms: namesOfPlatforms(env) }} viewer={viewer}>
      <Notice tone="bad">
        <ul>
          {query.errors.map((error) => (
            <li>{error}.</li>
          ))}
        </ul>
      </Notice>
      <p>
        <a href="/calls">Clear filters</a>
      </p>
    </CallsPage>,
    { status: 400 },
  );
}

async function readCalls(env: Env, { filter, typed, cursor }: CallsQuery, now: Date) {
  const until = filter.to ?? now.toISOString();
  const end = Date.parse(until);
  const start = filter.from === undefined ? end - AGENTS_MS : Math.max(Date.parse(filter.from), end - MAX_AGENTS_MS);
  const since = new Date(start).toISOString();
  const { searchTranscripts } = readSettings(env);
  const db = reader(env.DB);
  const [page, agents, choices, left] = await Promise.all([
    searchCalls(db, listedCall, { filter, limit: CALLS_A_PAGE, after: cursor, count: true }, searchTranscripts),
    readAgents(db, { since, until, agent_id: null, timeZone: "UTC" }),
    readChoices(db, filter),
    readLeftOfList(db, filter),
  ]);
  const calls = page.kind === "refused" ? [] : page.rows;
  const listed = calls.map(({ call_id }) => call_id);
  const names = metricsIn(filter.metric);
  const words = page.kind === "found" && page.among.among === "words" ? (typed.words ?? typed.q) : undefined;
  const [failedTools, values, quotes] = await Promise.all([
    countFailedTools(db, listed),
    readMetricsOf(db, listed, names),
    words === undefined ? undefined : readQuotes(env.ARCHIVE, calls, words),
  ]);
  return {
    page,
    left,
    failedTools,
    metrics: { names, values },
    said: words === undefined || quotes === undefined ? undefined : { words, quotes },
    offered: { ...choices, platforms: namesOfPlatforms(env), agents: agents.map(({ agent_id }) => agent_id) },
  };
}

interface CallsPageProps {
  query: CallsQuery;
  offered: Offered;
  /** Whether there is anything to download. */
  isDownload?: boolean;
  lead?: string;
  viewer: Viewer;
  children: Child;
}

function CallsPage({ query: { typed, errors }, offered, isDownload = false, lead, viewer, children }: CallsPageProps) {
  const download = isDownload && (
    <a class="button" href={listPath("/calls.csv", typed)} download="calls.csv">
      Download CSV
    </a>
  );
  return (
    <Page title="Calls" viewer={viewer} section="/calls" lead={lead} aside={download}>
      <Filters typed={typed} offered={offered} hasMistake={errors.length > 0} />
      {children}
    </Page>
  );
}

/** @param hasOlder whether there are older calls, which were not looked at */
function NoCalls({ query: { typed, cursor }, hasOlder }: { query: CallsQuery; hasOlder: boolean }) {
  if (hasOlder) return <Empty title="No call matches so far" />;
  if (cursor !== undefined) return <Empty title="These were all calls" />;
  if (listPath("/calls", typed) !== "/calls") {
    const { q, ...others } = typed;
    return (
      <Empty title="No call matches">
        {q !== undefined && searchedDigits(q) !== undefined && (
          <p>
            This was looked for among phone numbers; it may also have{" "}
            <a href={listPath("/calls", { ...others, words: q })}>been said</a>.
          </p>
        )}
        <p>Take a filter off, or look at a longer stretch of time.</p>
        <p class="below">
          <ButtonLink path="/calls">Clear filters</ButtonLink>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No calls yet">
      <p>
        They show here as they happen. The <a href="/">overview</a> says where your platform’s webhook has to point.
      </p>
    </Empty>
  );
}
