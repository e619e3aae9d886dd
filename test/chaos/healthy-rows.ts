import type { CallRow } from "../../src/ledger/calls.ts";
import { post } from "../support/post.ts";
import type { LedgerState } from "./ledger-state.ts";
import { type FormatName, type formats, type ToldCall, tellCall } from "./told-call.ts";

/** What a row says, apart from its call's id and from when its events came in. */
export function comparable(row: CallRow | undefined, format: FormatName): unknown {
  if (row === undefined) return undefined;
  const { updated_at: _written, ...rest } = row;
  // Columns that the outside does not see: of receipts and digests.
  for (const column of ["first_received_at", "called_at", "time_order", "sources", "event_ids"])
    Reflect.deleteProperty(rest, column);
  const said: unknown = JSON.parse(JSON.stringify(rest).replaceAll(row.call_id, "ID"));
  // The platform does not say when it finished an analysis: the receipt stands in.
  return format === "atoms" ? { ...Object(said), analyzed_at: row.analyzed_at !== null } : said;
}

/** Which of a call's events there are, as a key. */
export function subsetOf(call: ToldCall, events: ReadonlySet<string>): string {
  const names = call.events.filter(({ event_id }) => events.has(event_id)).map(({ name }) => name);
  return `${call.format}: ${names.join()}`;
}

/** The rows that a ledger with healthy stores makes of every subset of a call's events, in both formats. */
export async function healthyRows(url: string, read: () => Promise<LedgerState>): Promise<Map<string, unknown>> {
  const told = new Map<string, ToldCall>();
  for (const format of ["documented", "atoms"] satisfies (keyof typeof formats)[]) {
    for (const bits of [1, 2, 3, 4, 5, 6, 7]) {
      const call = tellCall(format);
      const events = call.events.filter((_, index) => bits & (1 << index));
      for (const { body } of events) await post(url, body);
      told.set(subsetOf(call, new Set(events.map(({ event_id }) => event_id))), call);
    }
  }
  const { calls } = await read();
  return new Map(Array.from(told, ([subset, call]) => [subset, comparable(calls.get(call.call_id), call.format)]));
}
