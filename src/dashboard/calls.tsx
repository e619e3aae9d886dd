import type { Child } from "hono/jsx";
import { writeCallCursor } from "../ledger/call-filter.ts";
import type { ListedCall } from "../ledger/call-list.ts";
import { callsAsCsv } from "../ledger/csv.ts";
import { searchCalls, wordsNotSearched } from "../ledger/search.ts";
import { readAgents } from "../ledger/statistics.ts";
import { readSettings } from "../settings.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { ActiveFilters } from "./calls/active-filters.tsx";
import { Filters } from "./calls/filters.tsx";
import { type CallsQuery, filterNames, listPath, readCallsQuery } from "./calls/query.ts";
import { CallTable } from "./calls/table.tsx";
import { html } from "./html.ts";
import { Page } from "./layout.tsx";
import type { PageHandler } from "./page.ts";
import { Empty } from "./parts/empty.tsx";
import { Notice } from "./parts/notice.tsx";
import { Outcome } from "./parts/outcome.tsx";
import type { Viewer } from "./viewer.ts";

const CALLS_A_PAGE = 50;

/** Dispositions to choose from are those of the page; each may be long. */
const MAX_DISPOSITIONS = 20;

/** Agents to choose from are those of so many milliseconds, unless the filter says from when to when. */
const AGENTS_MILLISECONDS = 7 * 24 * 60 * 60 * 1000;

const NOT_SEARCHED = `${filterNames.q}: ${wordsNotSearched.message}`;

/** `GET /calls`: calls, newest first, filtered and page by page. */
export const showCalls: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readCallsQuery(url, viewer.timeZone);
  if (query.errors.length > 0) return misread(query, viewer);
  const { filter, cursor, typed } = query;
  const search = { filter, limit: CALLS_A_PAGE, after: cursor };
  const { searchTranscripts } = readSettings(env);
  const [page, agents] = await Promise.all([
    searchCalls(env.DB, search, searchTranscripts),
    attempt(() => readAgents(env.DB, agentsAsked(query, viewer.now)), STORE_LIMIT),
  ]);
  if (page.kind === "not-searched") return misread({ ...query, errors: [NOT_SEARCHED] }, viewer);
  const { calls } = page;
  const next = writeCallCursor(page.next);
  const filtered = Object.keys(typed).length > 0;
  return html(
    <CallsPage viewer={viewer} query={query} agents={agents.map(({ agent_id }) => agent_id)} calls={calls}>
      <Outcome query={url.searchParams} />
      <ActiveFilters typed={typed} />
      {calls.length > 0 ? (
        <CallTable calls={calls} viewer={viewer} />
      ) : (
        <NoCalls filtered={filtered} paging={cursor !== undefined} />
      )}
      <nav class="actions paging" aria-label="Pages">
        {cursor !== undefined && (
          <a class="button" href={listPath("/calls", typed)}>
            Newest
          </a>
        )}
        {next !== null && (
          <a class="button" href={listPath("/calls", typed, { cursor: next })} rel="next">
            Older calls
          </a>
        )}
      </nav>
    </CallsPage>,
  );
};

/** `GET /calls.csv`: the same calls, all of them, for a spreadsheet. */
export const downloadCalls: PageHandler = async (request, viewer, env) => {
  const query = readCallsQuery(new URL(request.url), viewer.timeZone);
  if (query.errors.length > 0) return misread(query, viewer);
  return callsAsCsv(env.DB, query.filter, readSettings(env).searchTranscripts);
};

function agentsAsked({ filter: { from, to } }: CallsQuery, now: Date) {
  const until = to ?? now.toISOString();
  const since = from ?? new Date(Date.parse(until) - AGENTS_MILLISECONDS).toISOString();
  return { since, until, agent_id: null, utcOffsetMinutes: 0 };
}

/** The form with what was typed into it, and what is wrong with that. */
function misread(query: CallsQuery, viewer: Viewer): Promise<Response> {
  return html(
    <CallsPage viewer={viewer} query={query} agents={[]} calls={[]}>
      <Notice tone="bad">
        <ul>
          {query.errors.map((error) => (
            <li key={error}>{error}.</li>
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

interface CallsPageProps {
  viewer: Viewer;
  query: CallsQuery;
  /** The ids of the agents to choose from. */
  agents: readonly string[];
  calls: readonly ListedCall[];
  children: Child;
}

function CallsPage({ viewer, query: { typed, errors }, agents, calls, children }: CallsPageProps) {
  const dispositions = new Set(calls.flatMap(({ disposition }) => disposition ?? []));
  return (
    <Page title="Calls" viewer={viewer} section="/calls">
      <div class="page-head">
        <div>
          <h1>Calls</h1>
          <p>Newest first</p>
        </div>
        {calls.length > 0 && errors.length === 0 && (
          <a class="button" href={listPath("/calls.csv", typed)} download="calls.csv">
            Download CSV
          </a>
        )}
      </div>
      <Filters typed={typed} agents={agents} dispositions={[...dispositions].slice(0, MAX_DISPOSITIONS)} />
      {children}
    </Page>
  );
}

function NoCalls({ filtered, paging }: { filtered: boolean; paging: boolean }) {
  if (filtered) {
    return (
      <div class="sheet">
        <Empty title="No call matches">
          <p>Take a filter off, or look at a longer stretch of time.</p>
          <p class="below">
            <a class="button" href="/calls">
              Clear filters
            </a>
          </p>
        </Empty>
      </div>
    );
  }
  return (
    <div class="sheet">
      {paging ? (
        <Empty title="These were all calls" />
      ) : (
        <Empty title="No calls yet">
          <p>
            They show here as they happen. The <a href="/">overview</a> says where your platform’s webhook has to point.
          </p>
        </Empty>
      )}
    </div>
  );
}
