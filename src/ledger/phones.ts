/** What people and platforms put between the digits of a phone number. */
const SEPARATORS = [" ", "-", "(", ")", ".", "+"];

/** SQL for the digits of a phone number, which are what makes it one. */
export function phoneDigitsSql(column: string): string {
  return SEPARATORS.reduce((sql, separator) => `replace(${sql}, '${separator}', '')`, column);
}
