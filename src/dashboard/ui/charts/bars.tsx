import { scaleBand, scaleLinear } from "d3-scale";
import { formatCount } from "../numbers.ts";
import { type Mark, Marks } from "./marks.tsx";

const WIDTH = 1000;
const HEIGHT = 200;

/** One step of time. */
interface Bar extends Mark {
  label: string;
  /** The dark part of the bar. */
  part: number;
  whole: number;
  /** Of a step that is not over: it may still grow. */
  hasBegun: boolean;
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
  const x = scaleBand<number>().domain(bars.keys()).range([0, WIDTH]).paddingInner(0.28).paddingOuter(0.14);
  return (
    <figure class="chart" aria-label={label}>
      <div class="scale" aria-hidden="true">
        {ticks.map((tick) => (
          <span>{format === undefined ? formatCount(tick) : format(tick)}</span>
        ))}
      </div>
      <div class="plot">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {ticks.map((tick) => (
            <line class="grid-line" x1={0} x2={WIDTH} y1={y(tick)} y2={y(tick)} />
          ))}
          {bars.map(({ part, whole, hasBegun }, index) => (
            <g class={hasBegun ? "begun" : undefined}>
              <rect class="bar rest" x={x(index)} y={y(whole)} width={x.bandwidth()} height={HEIGHT - y(whole)} />
              <rect class="bar" x={x(index)} y={y(part)} width={x.bandwidth()} height={HEIGHT - y(part)} />
            </g>
          ))}
        </svg>
        <Marks kind="steps" marks={bars} />
      </div>
      <StepLabels labels={bars.map((bar) => bar.label)} />
    </figure>
  );
}

/** A label takes so much room, rem. */
const DAY_ROOM = 1.6;
const LABEL_ROOM = 3.2;

/** The widths, rem, from which charts.css shows every label; from a half on every second, from a quarter on every fourth, else every eighth. */
const rooms = [12, 24, 48, 96, 192] as const;

/** A label below each step, as many of them as there is room for. */
export function StepLabels({ labels }: { labels: readonly string[] }) {
  const isShort = labels.filter((label) => label.length <= 2).length > labels.length / 2;
  const needed = labels.length * (isShort ? DAY_ROOM : LABEL_ROOM);
  const room = rooms.find((width) => width >= needed) ?? 192;
  return (
    <div class={`along steps room-${room}`} aria-hidden="true">
      {labels.map((label) => (
        <span>{label}</span>
      ))}
    </div>
  );
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
