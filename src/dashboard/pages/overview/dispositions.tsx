import type { Statistics } from "../../../ledger/statistics.ts";
import { Share } from "../../ui/charts/bars.tsx";
import { formatCount, formatShare, NO_NUMBER } from "../../ui/numbers.ts";
import { Empty, Sheet, startOf } from "../../ui/parts.tsx";
import { formatDuration } from "../../ui/times.ts";
import { callsPath, type Range } from "./query.ts";

/** As dispositions.sql names calls that ended without one. */
const NONE = "none";

const NAME_CHARACTERS = 80;

interface DispositionsProps {
  rows: Statistics["dispositions"];
  range: Range;
  agent_id: string | undefined;
}

/** The dispositions of a range, each with its average duration. */
export function Dispositions({ rows, range, agent_id }: DispositionsProps) {
  const ended = rows.reduce((sum, { calls }) => sum + calls, 0);
  return (
    <Sheet title="How calls ended" note="calls, average duration">
      {rows.length === 0 && <Empty title="No call has ended yet" />}
      <ul>
        {rows.map(({ disposition, calls, average_duration_seconds: seconds }) => (
          <li class="share">
            {disposition === NONE ? (
              <span class="soft">none given</span>
            ) : (
              <a href={callsPath(range, { agent_id, disposition })}>
                <bdi>{startOf(disposition, NAME_CHARACTERS)}</bdi>
              </a>
            )}
            <Share part={calls} whole={ended} />
            <span class="share-numbers">
              <span>
                {formatCount(calls)} <span class="soft small">{formatShare(calls, ended)}</span>
              </span>
              <span class="soft small">{seconds === null ? NO_NUMBER : formatDuration(seconds)}</span>
            </span>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
