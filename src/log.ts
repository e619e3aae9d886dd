type Fields = { [field: string]: string | number | boolean | null | undefined };

/**
 * Writes one JSON line, which Workers Logs indexes field by field. Ids and results only: no words of a transcript, no phone
 * number, no variable.
 */
export function log(fields: Fields): void {
  console.log(JSON.stringify(fields));
}

/** Writes one JSON line about a failure, with the message and the stack of `error`. */
export function logError(fields: Fields, error?: unknown): void {
  const stack = error instanceof Error ? error.stack : undefined;
  console.error(JSON.stringify({ ...fields, ...(error !== undefined && { error: reasonOf(error), stack }) }));
}

/** Returns the message of whatever was thrown. For logs and for `last_error` only: an answer never carries it. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
