import * as z from "zod";
import { isLocal } from "./target.ts";

const page = z.looseObject({ next_cursor: z.string().nullish() });

const problem = z.object({ title: z.string(), detail: z.string() });

/** A request that failed or was not answered, in words for the person at the terminal. */
export class LedgerError extends Error {
  /** HTTP status; `undefined` when there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export type Page = z.infer<typeof page>;

/** One request to a ledger's API. */
export type Ask = (method: "GET" | "POST" | "DELETE", path: string, body?: object) => Promise<Page>;

/**
 * Asks the API of a running ledger, local or deployed.
 * @param url where the ledger is; a path in it is ignored
 * @param token its API_TOKEN
 */
export function askLedger(url: URL, token: string, signal: AbortSignal): Ask {
  return async (method, path, body) => {
    const response = await reach(new URL(path, url), {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
      signal,
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return page.parse(answer);
    throw new LedgerError(explain(response.status, answer, url), response.status);
  };
}

/**
 * Downloads from the API of a ledger.
 * @returns a function that downloads from a path; `undefined` for what is not there
 */
export function downloadFrom(url: URL, token: string, signal: AbortSignal) {
  return async (path: string): Promise<Uint8Array | undefined> => {
    const response = await reach(new URL(path, url), { headers: { Authorization: `Bearer ${token}` }, signal });
    if (response.ok) return response.bytes();
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.status === 404) return undefined;
    throw new LedgerError(explain(response.status, answer, url), response.status);
  };
}

async function reach(address: URL, request: RequestInit): Promise<Response> {
  try {
    return await fetch(address.href, request);
  } catch {
    const hint = isLocal(address) ? " Does `npm run dev` run?" : "";
    throw new LedgerError(`The ledger at ${address.origin} cannot be reached.${hint}`);
  }
}

function explain(status: number, answer: unknown, url: URL): string {
  const { success, data } = problem.safeParse(answer);
  if (!success) return `HTTP ${status} from ${url.origin}`;
  const hint = status === 401 ? `\nThe token is not the API_TOKEN of ${url.origin}; LEDGER_TOKEN sets it.` : "";
  return `HTTP ${status} ${data.title}: ${data.detail}${hint}`;
}

/** Performs an operation page after page, from the first to the last. */
export async function eachPage(
  request: (cursor: string | undefined) => Promise<Page>,
  use: (page: Page) => void,
): Promise<void> {
  let cursor: string | null | undefined;
  do {
    const answer = await request(cursor ?? undefined);
    use(answer);
    cursor = answer.next_cursor;
  } while (cursor);
}
