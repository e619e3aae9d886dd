/** The period of SIGN_IN_ATTEMPTS in wrangler.toml. */
export const ATTEMPTS_PERIOD_SECONDS = 60;

/** Blocked networks that an isolate remembers: an attack from many addresses must not fill its memory. */
const MAX_BLOCKED = 10_000;

/** Blocked networks, each with the end of its block in milliseconds since 1970. */
const blocked = new Map<string, number>();

/** Returns whether the network of a request is blocked. It is refused even with the right token, else it could go on guessing. */
export function isBlocked(request: Request, now: Date): boolean {
  return (blocked.get(networkOf(request)) ?? 0) > now.getTime();
}

/** Counts a wrong token, and blocks the network of the request once there are too many. */
export async function countWrongToken(limit: RateLimit | undefined, request: Request, now: Date): Promise<void> {
  const network = networkOf(request);
  // Only requests of local development have no address: Cloudflare adds it.
  if (network === "" || limit === undefined || (await mayAttempt(limit, request))) return;
  if (blocked.size >= MAX_BLOCKED) blocked.clear();
  blocked.set(network, now.getTime() + ATTEMPTS_PERIOD_SECONDS * 1000);
}

/** Counts an attempt to sign in, right or wrong, and returns whether it may be made. */
export async function mayAttempt(limit: RateLimit, request: Request): Promise<boolean> {
  return (await limit.limit({ key: networkOf(request) })).success;
}

/** Returns an IPv4 address, or the first 64 bits of an IPv6 address: one client has all addresses below them. */
function networkOf(request: Request): string {
  const address = request.headers.get("CF-Connecting-IP") ?? "";
  if (!address.includes(":")) return address;
  const [start = [], end = []] = address.split("::").map((part) => part.split(":").filter(Boolean));
  const omitted = Array.from({ length: 8 - start.length - end.length }, () => "0");
  return [...start, ...omitted, ...end].slice(0, 4).join(":");
}
