/** What people and platforms put between the digits of a phone number. */
const SEPARATORS = [" ", "-", "(", ")", ".", "+"];

/** SQL for a phone number's digits, or for those of both numbers in `calls.phones`, with the slash between them. */
export function phoneDigitsSql(column: string): string {
  return SEPARATORS.reduce((sql, separator) => `replace(${sql}, '${separator}', '')`, column);
}
