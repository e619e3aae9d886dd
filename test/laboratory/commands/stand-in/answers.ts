/** The API's envelope around what was asked for. */
export function success(result: unknown): Response {
  return Response.json({ success: true, result, errors: [], messages: [] });
}

/** The API's refusal. By the code wrangler tells what does not exist from what went wrong. */
export function failure(status: number, code: number, message: string): Response {
  return Response.json({ success: false, result: null, errors: [{ code, message }], messages: [] }, { status });
}
