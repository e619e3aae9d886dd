import { scaleBand, scaleLinear } from "d3-scale";
import { formatCount } from "../numbers.ts";

const WIDTH = 1000;
const HEIGHT = 200;

/** One step of time. */
interface Bar {
  label: string;
  /** The dark part of the bar. */
  part: number;
  whole: number;
  /** Shown when a pointer is over the bar, and read out by a screen reader. */
  title: string;
}

interface BarsProps {
  bars: readonly Bar[];
  label: string;
  /** The words of a number of the scale. Absent: whole numbers alone. */
  format?: (value: number) => string;
}

/** Bars over time. The drawing stretches with the page; the words around it are HTML, so that they do not. */
export function Bars({ bars, label, format }: BarsProps) {
  const highest = Math.max(0, ...bars.map(({ whole }) => whole));
  const most = format === undefined || highest === 0 ? Math.max(1, highest) : highest;
  const y = scaleLinear().domain([0, most]).nice(3).range([HEIGHT, 0]);
  const ticks = format === undefined ? y.ticks(3).filter(Number.isInteger) : y.ticks(3);
  const x = scaleBand<number>().domain(bars.keys()).range([0, WIDTH]).paddingInner(0.28);
  return (
    <figure class="chart">
      <div class="scale" aria-hidden="true">
        {ticks.map((tick) => (
          <span>{format === undefined ? formatCount(tick) : format(tick)}</span>
        ))}
      </div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
        {ticks.map((tick) => (
          <line class="grid-line" x1={0} x2={WIDTH} y1={y(tick)} y2={y(tick)} />
        ))}
        {bars.map(({ part, whole, title }, index) => (
          <g>
            <title>{title}</title>
            <rect class="bar-hit" x={(index * WIDTH) / bars.length} y={0} width={WIDTH / bars.length} height={HEIGHT} />
            <rect class="bar rest" x={x(index)} y={y(whole)} width={x.bandwidth()} height={HEIGHT - y(whole)} />
            <rect class="bar" x={x(index)} y={y(part)} width={x.bandwidth()} height={HEIGHT - y(part)} />
          </g>
        ))}
      </svg>
      <Along labels={labelsOf(bars)} />
    </figure>
  );
}

/** The first, the middle and the last: they fit a phone. */
function labelsOf(bars: readonly Bar[]): string[] {
  const indexes = bars.length < 3 ? [...bars.keys()] : [0, Math.floor((bars.length - 1) / 2), bars.length - 1];
  return indexes.flatMap((index) => bars[index]?.label ?? []);
}

/** The labels below a chart, from its one end to the other. */
export function Along({ labels }: { labels: readonly string[] }) {
  return (
    <div class="along" aria-hidden="true">
      {labels.map((label) => (
        <span>{label}</span>
      ))}
    </div>
  );
}

/** A bar that shows a part of a whole. */
export function Share({ part, whole }: { part: number; whole: number }) {
  const percent = (100 * part) / Math.max(whole, 1);
  return (
    <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width={100} height={6} />
      <rect class="bar" width={percent} height={6} />
    </svg>
  );
}
