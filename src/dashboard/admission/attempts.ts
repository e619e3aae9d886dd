/** Seconds of the period of SIGN_IN_ATTEMPTS in wrangler.toml. */
export const ATTEMPTS_PERIOD_SECONDS = 60;

/** Whether whoever asks may try to sign in once more. Each attempt counts, also one that would succeed. */
export async function mayAttempt(limit: RateLimit, request: Request): Promise<boolean> {
  const address = request.headers.get("CF-Connecting-IP") ?? "";
  return (await limit.limit({ key: networkOf(address) })).success;
}

/** An IPv6 address by its first 64 bits, since whoever has one has all of them; an IPv4 address as it is. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [start = [], end = []] = address.split("::").map((part) => part.split(":").filter(Boolean));
  const omitted = Array.from({ length: 8 - start.length - end.length }, () => "0");
  return [...start, ...omitted, ...end].slice(0, 4).join(":");
}
