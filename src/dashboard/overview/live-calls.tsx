import type { Statistics } from "../../ledger/statistics.ts";
import { callPath } from "../call-path.ts";
import { formatCount } from "../numbers.ts";
import { startOf } from "../parts/clipped.tsx";
import { Empty } from "../parts/empty.tsx";
import { Moment } from "../parts/moment.tsx";
import { formatDuration } from "../times.ts";
import type { Viewer } from "../viewer.ts";

type Live = Statistics["live"];

/** As many as live-calls.sql tells: there may be more. */
const TOLD_AT_MOST = 50;

const SHOWN = 8;

const NAME_CHARACTERS = 60;

/** How many calls go on, as far as it is known. */
export function liveCount(calls: Live): string {
  return calls.length < TOLD_AT_MOST ? formatCount(calls.length) : `${TOLD_AT_MOST}+`;
}

/** The calls that go on now, the newest first. */
export function LiveCalls({ calls, viewer }: { calls: Live; viewer: Viewer }) {
  return (
    <section class="sheet" aria-labelledby="live-calls">
      <header>
        <h2 id="live-calls">Live now</h2>
        <p>began within six hours, not ended</p>
      </header>
      {calls.length === 0 ? (
        <Empty title="Nobody is on the line" />
      ) : (
        <ul class="rows">
          {calls.slice(0, SHOWN).map(({ call_id, agent_id, call_direction, caller_phone, called_at }) => (
            <li key={call_id} class="row">
              <span class="row-main">
                <a class="row-link" href={callPath(call_id)}>
                  <bdi>{startOf(caller_phone ?? call_id, NAME_CHARACTERS)}</bdi>
                </a>
                <span class="small soft">
                  {call_direction !== null && `${call_direction} · `}
                  <bdi>{startOf(agent_id, NAME_CHARACTERS)}</bdi>
                </span>
              </span>
              <span class="row-aside">
                <span class="live">
                  {formatDuration(Math.max(0, (viewer.now.getTime() - Date.parse(called_at)) / 1000))}
                </span>
                <span class="small soft">
                  since <Moment at={called_at} viewer={viewer} format="hour" />
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
      {calls.length > SHOWN && (
        <p class="below">
          <a href="/calls?status=active">All calls that have not ended</a>
        </p>
      )}
    </section>
  );
}
