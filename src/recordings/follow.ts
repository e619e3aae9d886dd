import { BRAND } from "../settings.ts";
import { type AddressProblem, addressProblem } from "./address.ts";
import { CopyFailure } from "./failure.ts";

const MAX_REDIRECTS = 5;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const problemWords: Record<NonNullable<AddressProblem>, string> = {
  "not-https": "is not https",
  credentials: "carries a user name or a password",
  private: "is of no public name",
};

const headers = {
  Accept: "audio/*, */*;q=0.5",
  // The stated length is then that of the audio.
  "Accept-Encoding": "identity",
  "User-Agent": BRAND.toLowerCase().replaceAll(" ", "-"),
};

/** Fetches a recording. Follows redirects by hand, each within the rules of {@link addressProblem}, and sends nothing but the address. */
export async function follow(address: string, signal: AbortSignal): Promise<Response | CopyFailure> {
  let url = URL.parse(address);
  if (url === null) return new CopyFailure("its address is none", { isFinal: true });
  const problem = addressProblem(url);
  if (problem !== undefined) return new CopyFailure(`its address ${problemWords[problem]}`, { isFinal: true });
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    // An erasure does not reach Cloudflare's cache.
    const response: Response = await fetch(url, { headers, redirect: "manual", cache: "no-store", signal });
    if (!REDIRECTS.has(response.status)) return response;
    await response.body?.cancel();
    const location = response.headers.get("Location");
    const next: URL | null = location === null ? null : URL.parse(location, url);
    if (next === null) return new CopyFailure("it redirects to no address");
    const wrong = addressProblem(next, url);
    if (wrong !== undefined) return new CopyFailure(`it redirects to an address that ${problemWords[wrong]}`);
    url = next;
  }
  return new CopyFailure(`it redirects more than ${MAX_REDIRECTS} times`);
}
