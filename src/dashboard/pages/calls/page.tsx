import type { Child } from "hono/jsx";
import { MAX_RANGE_DAYS } from "../../../http/range.ts";
import { callsAsCsv } from "../../../ledger/csv.ts";
import type { Place } from "../../../ledger/page.ts";
import { reader } from "../../../ledger/schema.ts";
import { searchCalls, searchedDigits } from "../../../ledger/search.ts";
import { countFailedTools } from "../../../ledger/tool-calls.ts";
import { readAgents } from "../../../ledger/totals/statistics.ts";
import { namesOfPlatforms } from "../../../platforms/index.ts";
import { readSettings } from "../../../settings.ts";
import { html } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { ActionNotice, Notice } from "../../ui/notices.tsx";
import { ButtonLink, Empty, Paging } from "../../ui/parts.tsx";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { ActiveFilters, Filters } from "./filters.tsx";
import { type CallsQuery, listPath, mistakeOf, readCallsQuery, searchOf } from "./query.ts";
import { CallTable, type ListedCall, listedCall } from "./table.tsx";

const CALLS_A_PAGE = 50;

/** Dispositions to choose from are those of the page; each may be long. */
const MAX_DISPOSITIONS = 20;

/** Agents to choose from are those of so many milliseconds, unless the filter has a range; of a longer one, those of its end. */
const DAY_MS = 24 * 60 * 60 * 1000;
const AGENTS_MS = 7 * DAY_MS;
const MAX_AGENTS_MS = MAX_RANGE_DAYS * DAY_MS;

/** `GET /calls`: lists calls, newest first, filtered and page by page. */
export const showCalls: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readCallsQuery(url, viewer.timeZone);
  if (query.errors.length > 0) return mistakePage(query, viewer, env);
  const { page, failedTools, ...choices } = await readCalls(env, query, viewer.now);
  if (page.kind === "refused") return mistakePage({ ...query, errors: [mistakeOf(page.error)] }, viewer, env);
  return html(
    <CallsPage query={query} calls={page.rows} next={page.next} {...choices} viewer={viewer}>
      <ActionNotice query={url.searchParams} />
      <ActiveFilters typed={query.typed} />
      <div class="sheet">
        {page.rows.length > 0 ? (
          <CallTable calls={page.rows} failedTools={failedTools} viewer={viewer} />
        ) : (
          <NoCalls query={query} hasOlder={page.next !== undefined} />
        )}
      </div>
      <Paging
        first={query.cursor && listPath("/calls", query.typed)}
        next={page.next && listPath("/calls", query.typed, page.next)}
        words={searchOf(query.typed) === undefined ? { first: "Newest", next: "Older calls" } : undefined}
        fewerOf={page.rows.length < CALLS_A_PAGE && "calls"}
      />
    </CallsPage>,
  );
};

/** `GET /calls.csv`: sends all calls of a filter, for a spreadsheet. */
export const downloadCalls: PageHandler = async (request, viewer, env) => {
  const query = readCallsQuery(new URL(request.url), viewer.timeZone);
  if (query.errors.length > 0) return mistakePage(query, viewer, env);
  return callsAsCsv(reader(env.DB), query.filter, readSettings(env).searchTranscripts);
};

/** Shows the form as it was filled in, with the mistakes in it. */
function mistakePage(query: CallsQuery, viewer: Viewer, env: Env): Promise<Response> {
  return html(
    <CallsPage query={query} calls={[]} platforms={namesOfPlatforms(env)} agents={[]} viewer={viewer}>
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

async function readCalls(env: Env, { filter, cursor }: CallsQuery, now: Date) {
  const until = filter.to ?? now.toISOString();
  const end = Date.parse(until);
  const start = filter.from === undefined ? end - AGENTS_MS : Math.max(Date.parse(filter.from), end - MAX_AGENTS_MS);
  const since = new Date(start).toISOString();
  const { searchTranscripts } = readSettings(env);
  const db = reader(env.DB);
  const [page, agents] = await Promise.all([
    searchCalls(db, listedCall, { filter, limit: CALLS_A_PAGE, after: cursor }, searchTranscripts),
    readAgents(db, { since, until, agent_id: null, timeZone: "UTC" }),
  ]);
  const listed = page.kind === "refused" ? [] : page.rows.map(({ call_id }) => call_id);
  const failedTools = await countFailedTools(db, listed);
  return { page, failedTools, platforms: namesOfPlatforms(env), agents: agents.map(({ agent_id }) => agent_id) };
}

interface CallsPageProps {
  query: CallsQuery;
  calls: readonly ListedCall[];
  next?: Place | undefined;
  /** The platforms and the ids of the agents to choose from. */
  platforms: readonly string[];
  agents: readonly string[];
  viewer: Viewer;
  children: Child;
}

function CallsPage({ query: { typed }, calls, next, platforms, agents, viewer, children }: CallsPageProps) {
  const dispositions = new Set(calls.flatMap(({ disposition }) => disposition ?? []));
  const download = (calls.length > 0 || next !== undefined) && (
    <a class="button" href={listPath("/calls.csv", typed)} download="calls.csv">
      Download CSV
    </a>
  );
  return (
    <Page title="Calls" viewer={viewer} section="/calls" lead="Newest first" aside={download}>
      <Filters
        typed={typed}
        platforms={platforms}
        agents={agents}
        dispositions={[...dispositions].slice(0, MAX_DISPOSITIONS)}
      />
      {children}
    </Page>
  );
}

/** @param hasOlder whether there are older calls, which were not looked at */
function NoCalls({ query: { typed, cursor }, hasOlder }: { query: CallsQuery; hasOlder: boolean }) {
  if (hasOlder) return <Empty title="No call matches so far" />;
  if (cursor !== undefined) return <Empty title="These were all calls" />;
  if (Object.keys(typed).length > 0) {
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
