import { scaleLinear } from "d3-scale";
import { area, curveMonotoneX, line } from "d3-shape";
import { type Mark, Marks } from "./marks.tsx";

const WIDTH = 300;
const HEIGHT = 40;

/** One point of a trend: how far along, counted in steps, and how high. */
export interface TrendPoint {
  step: number;
  value: number;
}

interface TrendProps {
  points: readonly TrendPoint[];
  /** How many steps there are. */
  steps: number;
  /** The ends of the scale. */
  bounds: [number, number];
  /** The words of a number of the scale. */
  format: (value: number) => string;
  /** A value of each step. */
  marks: readonly Mark[];
  /** The step that is not over, if any: the line to it is drawn as such. */
  begun: number | undefined;
  label: string;
}

/** A small line over time, on a scale whose ends are written. */
export function Trend({ points, steps, bounds: [low, high], format, marks, begun, label }: TrendProps) {
  // A flat line is drawn in the middle and not on the ground.
  const y = scaleLinear()
    .domain(low === high ? [low - 1, high + 1] : [low, high])
    .range([HEIGHT - 2, 2]);
  // In the middle of its step, where a bar would stand.
  const x = (step: number) => ((step + 0.5) / Math.max(steps, 1)) * WIDTH;
  const path = line<TrendPoint>(
    ({ step }) => x(step),
    ({ value }) => y(value),
  ).curve(curveMonotoneX);
  const under = area<TrendPoint>(
    ({ step }) => x(step),
    HEIGHT,
    ({ value }) => y(value),
  ).curve(curveMonotoneX);
  const isOpen = points.at(-1)?.step === begun && begun !== undefined;
  const over = isOpen ? points.slice(0, -1) : points;
  return (
    <figure class="trend" aria-label={label}>
      <div class="scale" aria-hidden="true">
        {low === high ? (
          <span>{format(low)}</span>
        ) : (
          <>
            <span>{format(low)}</span>
            <span>{format(high)}</span>
          </>
        )}
      </div>
      <div class="plot">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="trend-area" d={under(points) ?? ""} />
          <path class="trend-line" d={path(over) ?? ""} />
          {isOpen && <path class="trend-line begun" d={path(points.slice(-2)) ?? ""} />}
        </svg>
        <Marks kind="steps" marks={marks} />
      </div>
    </figure>
  );
}
