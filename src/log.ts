/**
 * One JSON line, which Workers Logs indexes field by field. Ids and outcomes only: nothing that a caller said, no phone
 * number, no variable.
 */
export function log(line: { [field: string]: string | number | boolean | null | undefined }): void {
  console.log(JSON.stringify(line));
}

/** The same for what should not have happened. */
export function logError(line: { [field: string]: string | number | boolean | null | undefined }): void {
  console.error(JSON.stringify(line));
}

/** The words of whatever was thrown. For the log only: an answer never carries them. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
