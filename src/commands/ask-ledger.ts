import * as z from "zod";

const page = z.looseObject({ next_cursor: z.string().nullish() });
const problem = z.object({ title: z.string(), detail: z.string() });

/** An answer that is no success, in words for the person at the terminal. */
export class LedgerError extends Error {}

/** One request to a ledger's API. */
export type Ask = (method: "GET" | "POST" | "DELETE", path: string, body?: object) => Promise<z.infer<typeof page>>;

/**
 * Asks the API of a running ledger, local or deployed.
 * @param url where the ledger is; a path in it is ignored
 * @param token its API_TOKEN
 */
export function askLedger(url: string, token: string): Ask {
  return async (method, path, body) => {
    const response = await reach(new URL(path, url).href, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return page.parse(answer);
    const { data } = problem.safeParse(answer);
    throw new LedgerError(`HTTP ${response.status}${data === undefined ? "" : ` ${data.title}: ${data.detail}`}`);
  };
}

async function reach(address: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(address, request);
  } catch {
    throw new LedgerError(`${address} cannot be reached`);
  }
}
