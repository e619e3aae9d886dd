import type { Child } from "hono/jsx";
import type { Statistics } from "../../ledger/statistics.ts";
import { counted } from "../numbers.ts";
import { Empty } from "../parts/empty.tsx";
import { Moment } from "../parts/moment.tsx";
import type { Viewer } from "../viewer.ts";

interface SyncHealthProps {
  rows: Statistics["sync"];
  viewer: Viewer;
  /** How many destinations are switched on. */
  destinations: number;
}

/** Whether what was to go downstream has arrived there. */
export function SyncHealth({ rows, viewer, destinations }: SyncHealthProps) {
  const pending = rows.find(({ state }) => state === "pending");
  const failed = rows.find(({ state }) => state === "failed");
  return (
    <section class="sheet" aria-labelledby="sync-health">
      <header>
        <h2 id="sync-health">Downstream</h2>
        <p>
          <a href="/deliveries">Deliveries</a>
        </p>
      </header>
      {rows.length === 0 && destinations > 0 && (
        <Empty title="Everything has arrived">
          <p>No delivery waits, and none has failed.</p>
        </Empty>
      )}
      {rows.length === 0 && destinations === 0 && (
        <Empty title="Nothing is sent on">
          <p>
            Set <code>SYNC_URL</code>, and finished analytics go there.
          </p>
        </Empty>
      )}
      {rows.length > 0 && (
        <ul class="rows">
          {failed !== undefined && (
            <Waiting tone="bad" state="failed" count={failed.deliveries}>
              the oldest <Since at={failed.oldest} viewer={viewer} />
            </Waiting>
          )}
          {pending !== undefined && (
            <Waiting tone="warn" state="pending" count={pending.deliveries}>
              {pending.overdue > 0
                ? `${counted(pending.overdue, "is", "are")} overdue and sent again by the minute, `
                : ""}
              the oldest <Since at={pending.oldest} viewer={viewer} />
            </Waiting>
          )}
        </ul>
      )}
    </section>
  );
}

interface WaitingProps {
  tone: "bad" | "warn";
  state: "failed" | "pending";
  count: number;
  children: Child;
}

function Waiting({ tone, state, count, children }: WaitingProps) {
  return (
    <li class="row">
      <span class="row-main">
        <a class="row-link" href={`/deliveries?state=${state}`}>
          {counted(count, "delivery", "deliveries")}
        </a>
        <span class="small soft">{children}</span>
      </span>
      <span class="row-aside">
        <span class={`badge ${tone}`}>{state}</span>
      </span>
    </li>
  );
}

function Since({ at, viewer }: { at: string | null; viewer: Viewer }) {
  return at === null ? "at an unknown time" : <Moment at={at} viewer={viewer} />;
}
