import type { Statistics } from "../../../ledger/totals/statistics.ts";
import { Share } from "../../ui/charts/bars.tsx";
import { formatCount, formatShare, NO_NUMBER } from "../../ui/numbers.ts";
import { Empty, Sheet, startOf } from "../../ui/parts.tsx";
import { formatDuration } from "../../ui/times.ts";
import type { ListOf } from "./calls-over-time.tsx";

/** The others count as one. */
const SHOWN = 8;

const NAME_CHARACTERS = 80;

interface DispositionsProps {
  rows: Statistics["dispositions"];
  /** The calls of the range that have ended: the rows are the most frequent dispositions alone. */
  ended: number;
  listOf: ListOf;
}

/** The most frequent dispositions of a range, each with its average duration, and all others together. */
export function Dispositions({ rows, ended, listOf }: DispositionsProps) {
  // One more than fits would be as long a list without “others”.
  const shown = rows.length === SHOWN + 1 ? rows : rows.slice(0, SHOWN);
  const others = shown.reduce((left, { calls }) => left - calls, ended);
  return (
    <Sheet title="How calls ended" note="calls, average duration">
      {rows.length === 0 && <Empty title="No call has ended yet" />}
      <ul>
        {shown.map(({ disposition, calls, average_duration_seconds: seconds }) => (
          <li class="share">
            {disposition === null ? (
              <span class="soft">none given</span>
            ) : (
              <a href={listOf({ disposition })} title={disposition}>
                <bdi>{startOf(disposition, NAME_CHARACTERS)}</bdi>
              </a>
            )}
            <Share part={calls} whole={ended} />
            <Numbers calls={calls} ended={ended} seconds={seconds} />
          </li>
        ))}
        {rows.length > 0 && others > 0 && (
          <li class="share">
            <span class="soft">others</span>
            <Share part={others} whole={ended} />
            <Numbers calls={others} ended={ended} seconds={undefined} />
          </li>
        )}
      </ul>
    </Sheet>
  );
}

interface NumbersProps {
  calls: number;
  ended: number;
  /** null: of none is it known; undefined: left out. */
  seconds: number | null | undefined;
}

function Numbers({ calls, ended, seconds }: NumbersProps) {
  return (
    <span class="share-numbers">
      <span>
        {formatCount(calls)} <span class="soft small">{formatShare(calls, ended)}</span>
      </span>
      <span class="soft small">
        {seconds === undefined ? "" : seconds === null ? NO_NUMBER : formatDuration(seconds)}
      </span>
    </span>
  );
}
