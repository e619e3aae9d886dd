import type { Statistics } from "../../ledger/statistics.ts";
import { Share } from "../charts/share.tsx";
import { formatCount, formatShare, NO_NUMBER } from "../numbers.ts";
import { startOf } from "../parts/clipped.tsx";
import { Empty } from "../parts/empty.tsx";
import { formatDuration } from "../times.ts";
import { callsPath } from "./addresses.ts";
import type { Range } from "./range.ts";

/** As dispositions.sql names calls that ended without one. */
const NONE = "none";

const NAME_CHARACTERS = 80;

interface DispositionsProps {
  rows: Statistics["dispositions"];
  range: Range;
  agent: string | undefined;
}

/** How the calls ended, and how long each kind took. */
export function Dispositions({ rows, range, agent: agent_id }: DispositionsProps) {
  const ended = rows.reduce((sum, { calls }) => sum + calls, 0);
  return (
    <section class="sheet" aria-labelledby="dispositions">
      <header>
        <h2 id="dispositions">How calls ended</h2>
        <p>calls, average duration</p>
      </header>
      {rows.length === 0 ? (
        <Empty title="No call has ended yet" />
      ) : (
        <ul>
          {rows.map(({ disposition, calls, average_duration_seconds: seconds }) => (
            <li class="share" key={disposition}>
              {disposition === NONE ? (
                <span class="soft">none given</span>
              ) : (
                <a href={callsPath(range, { agent_id, disposition })}>
                  <bdi>{startOf(disposition, NAME_CHARACTERS)}</bdi>
                </a>
              )}
              <Share part={calls} whole={ended} />
              <span class="share-told">
                <span>
                  {formatCount(calls)} <span class="soft small">{formatShare(calls, ended)}</span>
                </span>
                <span class="soft small">{seconds === null ? NO_NUMBER : formatDuration(seconds)}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
