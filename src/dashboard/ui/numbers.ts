const HUNDRED = 100;

/** Shown where there is no number to show. */
export const NO_NUMBER = "–";

/** Formats a whole number with its thousands apart. */
export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

/** Formats the number of a metric: two decimals at the most, and more for a small one, so that it is not 0. */
export function formatNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.01) return String(Number(value.toPrecision(2)));
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}

const dollars = (digits: Intl.NumberFormatOptions) =>
  new Intl.NumberFormat("en", { style: "currency", currency: "USD", ...digits });
const cents = dollars({});
const fractions = dollars({ minimumFractionDigits: 4, maximumFractionDigits: 4 });
const smallest = dollars({ maximumSignificantDigits: 2 });

/** Formats US dollars with cents, below one dollar with hundredths of a cent, and with as many digits as a smaller sum needs. */
export function formatDollars(value: number): string {
  if (value === 0 || value >= 1) return cents.format(value);
  return value < 0.0001 ? smallest.format(value) : fractions.format(value);
}

const shortest = dollars({ minimumFractionDigits: 0, maximumFractionDigits: 6 });

/** Formats US dollars for the scale of a chart, whose numbers are round: `$0.1`. */
export function formatDollarsOnScale(value: number): string {
  return shortest.format(value);
}

const SECOND_MS = 1000;

/** Whole seconds from so many on. */
const WHOLE_SECONDS_MS = 100 * SECOND_MS;

/** Formats a short time, on one line: `812 ms`, `1.25 s`. */
export function formatMilliseconds(ms: number): string {
  if (ms < SECOND_MS - 0.5) return `${ms < 10 ? formatNumber(ms) : formatCount(Math.round(ms))}\u00a0ms`;
  const seconds = ms / SECOND_MS;
  return `${ms < WHOLE_SECONDS_MS ? seconds.toFixed(2) : formatCount(Math.round(seconds))}\u00a0s`;
}

/** Formats a part of a whole in percent. All but one of many is not 100 %, and one of many is not 0 %. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return NO_NUMBER;
  const percent = Math.round((part / whole) * HUNDRED);
  if (percent === HUNDRED && part < whole) return "> 99 %";
  if (percent === 0 && part > 0) return "< 1 %";
  return `${percent} %`;
}

/** Formats a number with what it counts: `1 call`, `2 calls`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

// Not British: millions are a small m there, so that 4 MB would be written 4mB.
const sizes = new Intl.NumberFormat("en", {
  notation: "compact",
  style: "unit",
  unit: "byte",
  unitDisplay: "narrow",
});

/** Formats a number of bytes, on one line: `1.2 KB`. */
export function formatSize(bytes: number): string {
  return sizes.format(bytes).replace(/[a-z]/i, "\u00a0$&");
}
