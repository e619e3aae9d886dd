/** A page as somebody sees it who is signed in. */
export interface Seen {
  status: number;
  headers: Headers;
  /** The source. */
  html: string;
  /** What of it is words. */
  text: string;
}

/** Signs in to the dashboard, as a browser does that keeps cookies. */
export async function signIn(url: string, { timeZone = "UTC", token = "token-of-the-tests" } = {}) {
  const answer = await fetch(new URL("/sign-in", url), {
    method: "POST",
    body: new URLSearchParams({ token }),
    redirect: "manual",
  });
  const [session = ""] = answer.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0] ?? "");
  if (answer.status !== 303 || session === "") throw new Error(`not signed in: ${answer.status}`);
  const headers = { Cookie: `${session}; time_zone=${timeZone}`, Accept: "text/html" };

  const visit = async (path: string): Promise<Seen> => seen(await fetch(new URL(path, url), { headers }));
  return {
    headers,
    visit,
    /** Sends a form of a page, with the token that the page carries. */
    async submit(page: string, action: string, fields: Record<string, string>): Promise<Seen> {
      const csrf_token = /name="csrf_token" value="([^"]*)"/.exec((await visit(page)).html)?.[1] ?? "";
      const body = new URLSearchParams({ csrf_token, ...fields });
      return seen(await fetch(new URL(action, url), { method: "POST", headers, body, redirect: "manual" }));
    },
  };
}

async function seen(response: Response): Promise<Seen> {
  const { status, headers } = response;
  const html = await response.text();
  const body = html.slice(html.indexOf("<body"));
  return { status, headers, html, text: decoded(body.replaceAll(/<[^>]*>/g, " ")).replaceAll(/\s+/g, " ") };
}

/** Text or an attribute as it was before it was escaped. */
export function decoded(html: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };
  return html.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_entity, name: string) => entities[name] ?? "");
}

/** The address of the first link with these words. */
export function linkNamed(html: string, words: string): string {
  for (const [, href = "", inner = ""] of html.matchAll(/<a\b[^>]*?href="([^"]*)"[^>]*>(.*?)<\/a>/gs)) {
    if (decoded(inner.replaceAll(/<[^>]*>/g, "")).trim() === words) return decoded(href);
  }
  throw new Error(`there is no link “${words}”`);
}
