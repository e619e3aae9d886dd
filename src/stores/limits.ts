/** Milliseconds that a store may take in all its tries. With parking after it, an answer is out within ten seconds. */
export const STORE_LIMIT = 4_000;

/**
 * Milliseconds for a search that may have to read every call: a phone number that is not found in a million of them takes a
 * second or two. D1 itself gives up after 30 s (developers.cloudflare.com/d1/platform/limits).
 */
export const SEARCH_LIMIT = 15_000;

/** Connections a Worker may open at once (developers.cloudflare.com/workers/platform/limits). */
export const CONNECTIONS = 6;
