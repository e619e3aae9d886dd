/** Forbids every cache to keep an answer that only its reader may see. */
export function uncached(response: Response): void {
  response.headers.set("Cache-Control", "private, no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
}
