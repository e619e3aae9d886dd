import { type Answer, readAnswer } from "./post.ts";

const TOKEN = "token-of-the-tests";

/** Asks the API with the token of the tests. */
export async function ask(url: string, path: string, init: { method?: string; body?: string } = {}): Promise<Answer> {
  return readAnswer(await fetch(new URL(path, url), { headers: { Authorization: `Bearer ${TOKEN}` }, ...init }));
}

/** The same where the answer is not JSON. */
export async function askText(url: string, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(new URL(path, url), { headers: { Authorization: `Bearer ${TOKEN}`, ...headers } });
  return {
    status: response.status,
    type: response.headers.get("Content-Type"),
    cacheControl: response.headers.get("Cache-Control"),
    headers: response.headers,
    // With the byte order mark, which `text()` would swallow.
    text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await response.arrayBuffer()),
  };
}
