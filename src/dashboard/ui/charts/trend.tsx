import { scaleLinear } from "d3-scale";
import { area, curveMonotoneX, line } from "d3-shape";

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
  /** The lowest and the highest value that there can be. */
  bounds: [number, number] | undefined;
  label: string;
}

/** A small line over time, between the lowest and the highest it reached, or between its bounds. */
export function Trend({ points, steps, bounds, label }: TrendProps) {
  const values = points.map(({ value }) => value);
  const [low, high] = bounds ?? [Math.min(...values), Math.max(...values)];
  // A flat line is drawn in the middle and not on the ground.
  const y = scaleLinear()
    .domain(low === high ? [low - 1, high + 1] : [low, high])
    .range([HEIGHT - 2, 2]);
  const x = scaleLinear()
    .domain([0, Math.max(steps - 1, 1)])
    .range([0, WIDTH]);
  const path = line<TrendPoint>(
    ({ step }) => x(step),
    ({ value }) => y(value),
  ).curve(curveMonotoneX);
  const under = area<TrendPoint>(
    ({ step }) => x(step),
    HEIGHT,
    ({ value }) => y(value),
  ).curve(curveMonotoneX);
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path class="trend-area" d={under(points) ?? ""} />
      <path class="trend-line" d={path(points) ?? ""} />
    </svg>
  );
}
