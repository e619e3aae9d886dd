/** The period of SIGN_IN_ATTEMPTS in wrangler.toml. */
export const ATTEMPTS_PERIOD_SECONDS = 60;

/** Networks that this isolate remembers as blocked; a crowd of addresses must not fill it. */
const MAX_BLOCKED = 10_000;

/** Networks that guess, to the time until which they are refused, in milliseconds since 1970. */
const blocked = new Map<string, number>();

/** Whether the network of a request has guessed wrong too often of late. Even the right token is refused then, or guessing would go on. */
export function isBlocked(request: Request, now: Date): boolean {
  return (blocked.get(networkOf(request)) ?? 0) > now.getTime();
}

/** Counts a wrong token. Blocks the network of the request once there are too many. */
export async function countWrongToken(limit: RateLimit | undefined, request: Request, now: Date): Promise<void> {
  const network = networkOf(request);
  // Only a request that did not come by way of Cloudflare has no address: of local development.
  if (network === "" || limit === undefined || (await mayAttempt(limit, request))) return;
  if (blocked.size >= MAX_BLOCKED) blocked.clear();
  blocked.set(network, now.getTime() + ATTEMPTS_PERIOD_SECONDS * 1000);
}

/** Counts an attempt to sign in, right or wrong, and returns whether it may be made. */
export async function mayAttempt(limit: RateLimit, request: Request): Promise<boolean> {
  return (await limit.limit({ key: networkOf(request) })).success;
}

/** An IPv6 address by its first 64 bits, since whoever has one has all of them; an IPv4 address as it is. */
function networkOf(request: Request): string {
  const address = request.headers.get("CF-Connecting-IP") ?? "";
  if (!address.includes(":")) return address;
  const [start = [], end = []] = address.split("::").map((part) => part.split(":").filter(Boolean));
  const omitted = Array.from({ length: 8 - start.length - end.length }, () => "0");
  return [...start, ...omitted, ...end].slice(0, 4).join(":");
}
