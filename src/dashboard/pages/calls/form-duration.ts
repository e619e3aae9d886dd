import * as z from "zod";

/** Seconds, or hours, minutes and seconds: `90`, `10m`, `1h 30m`. */
const PATTERN = /^(?:(\d{1,6})\s*h)?\s*(?:(\d{1,6})\s*m(?:in)?)?\s*(?:(\d{1,8}(?:\.\d{1,3})?)\s*s?)?$/i;

/** A duration as people write it, in seconds. */
export const formDuration = z.string().transform((text, context) => {
  const [, hours = 0, minutes = 0, seconds = 0] = PATTERN.exec(text.trim()) ?? [undefined, Number.NaN];
  const duration = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (!Number.isNaN(duration)) return duration;
  context.addIssue({ code: "custom", message: "is no duration: 90, 10m, 1h 30m" });
  return z.NEVER;
});
