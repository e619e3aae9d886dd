/** What the caller typed is not right; its message is for the caller. */
export class UsageError extends Error {}

/**
 * A number from the command line.
 * @param fallback when the option was not given
 */
export function numberOption(name: string, text: string | undefined, fallback: number, least: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`--${name} takes a whole number from ${least}, not "${text}".`);
  }
  return value;
}
