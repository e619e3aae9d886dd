import { scaleLinear } from "d3-scale";

const WIDTH = 100;

/** A bar that says which part of a whole something is. */
export function Share({ part, whole }: { part: number; whole: number }) {
  const width = scaleLinear()
    .domain([0, Math.max(whole, 1)])
    .range([0, WIDTH])(part);
  return (
    <svg viewBox={`0 0 ${WIDTH} 6`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width={WIDTH} height={6} />
      <rect class="bar" width={width} height={6} />
    </svg>
  );
}
