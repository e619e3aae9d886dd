/** Milliseconds that a store may take in all its tries. With parking after it, an answer is out within ten seconds. */
export const STORE_LIMIT = 4_000;

/** Connections a Worker may open at once (developers.cloudflare.com/workers/platform/limits). */
export const CONNECTIONS = 6;
