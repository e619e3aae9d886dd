import { formatCount } from "../../ui/numbers.ts";

/** Which way a figure should go, where that is known. */
export type Better = "higher" | "lower";

/** A figure beside the one of the period before, in words. */
export interface Change {
  words: string;
  /** `undefined`: it is not known which way is good, or nothing changed. */
  isGood?: boolean;
}

const HUNDRED = 100;

/** A count beside the one before, which may not be good or bad. */
export function moreOrLess(count: number, before: number): Change | undefined {
  if (before === 0) return undefined;
  if (count === before) return { words: "as many as before" };
  const percent = Math.round((Math.abs(count - before) / before) * HUNDRED);
  const difference = percent === 0 ? "slightly" : `${formatCount(percent)} %`;
  return { words: `${difference} ${count > before ? "more" : "fewer"} than ${formatCount(before)}` };
}

/** A figure beside the one before; `undefined` where either is not known. What reads the same has not changed. */
export function changeOf(
  value: number | null,
  before: number | null,
  format: (value: number) => string,
  better?: Better,
): Change | undefined {
  if (value === null || before === null) return undefined;
  const was = format(before);
  if (was === format(value)) return { words: "as before" };
  const isUp = value > before;
  const words = `${isUp ? "up" : "down"} from ${was}`;
  if (better === undefined) return { words };
  const isGood = isUp === (better === "higher");
  return { words: `${words}: ${isGood ? "better" : "worse"}`, isGood };
}
