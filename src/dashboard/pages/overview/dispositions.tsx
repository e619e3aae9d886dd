import type { Statistics } from "../../../ledger/totals/statistics.ts";
import { Share } from "../../ui/charts/bars.tsx";
import { formatCount, formatShare, NO_NUMBER } from "../../ui/numbers.ts";
import { Empty, Sheet, startOf } from "../../ui/parts.tsx";
import { formatDuration } from "../../ui/times.ts";
import { callsPath, type Range } from "./query.ts";

const NAME_CHARACTERS = 80;

interface DispositionsProps {
  rows: Statistics["dispositions"];
  /** The calls of the range that have ended: the rows are the most frequent dispositions alone. */
  ended: number;
  range: Range;
  agent_id: string | undefined;
}

/** The dispositions of a range, each with its average duration. */
export function Dispositions({ rows, ended, range, agent_id }: DispositionsProps) {
  return (
    <Sheet title="How calls ended" note="calls, average duration">
      {rows.length === 0 && <Empty title="No call has ended yet" />}
      <ul>
        {rows.map(({ disposition, calls, average_duration_seconds: seconds }) => (
          <li class="share">
            {disposition === null ? (
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
