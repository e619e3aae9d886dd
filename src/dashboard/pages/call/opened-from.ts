import { type Neighbours, readNeighbours } from "../../../ledger/neighbours.ts";
import type { LedgerReader } from "../../../ledger/schema.ts";
import { type CallSearch, readMeant } from "../../../ledger/search.ts";
import { logError } from "../../../log.ts";
import { callPath, withQuery } from "../../ui/paths.ts";
import type { Viewer } from "../../ui/viewer.ts";
import { readCallsQuery } from "../calls/query.ts";

/** The list that a call was opened from. */
export interface OpenedFrom {
  path: string;
  name: string;
  filter: CallSearch["filter"];
}

const allCalls: OpenedFrom = { path: "/calls", name: "All calls", filter: {} };

/** Reads the list from the address of a call's page. An address that is none of a list counts as that of all calls. */
export function openedFrom(url: URL, viewer: Viewer): OpenedFrom {
  const list = URL.parse(url.searchParams.get("list") ?? "", url.origin);
  if (list === null || list.origin !== url.origin) return allCalls;
  const path = `${list.pathname}${list.search}`;
  if (list.pathname === "/callers") {
    return { path, name: "The caller’s calls", filter: { phone: list.searchParams.get("phone") ?? undefined } };
  }
  if (list.pathname !== "/calls" || list.search === "") return allCalls;
  const { filter, errors } = readCallsQuery(list, viewer.timeZone);
  return errors.length > 0 ? allCalls : { path, name: "Back to the list", filter };
}

/** Finds the calls beside one in the list that it was opened from. Never rejects: the call is worth showing without them. */
export async function readBeside(
  db: LedgerReader,
  { filter }: OpenedFrom,
  callId: string,
  searchTranscripts: boolean,
): Promise<Neighbours> {
  const none = { newer: undefined, older: undefined };
  try {
    const meant = await readMeant(db, filter, searchTranscripts);
    return meant.kind === "refused" ? none : await readNeighbours(db, meant.among, meant.filter, callId);
  } catch (error) {
    logError({ message: "could not find the calls beside one", call_id: callId }, error);
    return none;
  }
}

/** Returns the address of a call's page that leads back to a list. */
export function openedPath(callId: string, list: string, words?: string): string {
  return withQuery(callPath(callId), { words, list: list === allCalls.path ? undefined : list });
}
