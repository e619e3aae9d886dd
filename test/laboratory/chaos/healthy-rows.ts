import { postAs } from "../../support/every-platform.ts";
import type { LedgerState, StoredCall } from "./ledger-state.ts";
import { everyFormatName, type FormatName, makeCall, type TestCall } from "./make-call.ts";

/** A row without its call's id, and without the time at which its events came in. */
export function comparable(row: StoredCall | undefined, format: FormatName): unknown {
  if (row === undefined) return undefined;
  const { id: _arrival, updated_at: _written, ledger_first_received_at, ...rest } = row;
  const called_at = rest.called_at === ledger_first_received_at ? "the first receipt" : rest.called_at;
  const comparableRow: unknown = JSON.parse(JSON.stringify({ ...rest, called_at }).replaceAll(row.call_id, "ID"));
  // The platform does not say when it finished an analysis: the receipt stands in.
  return format === "atoms" ? { ...Object(comparableRow), analyzed_at: row.analyzed_at !== null } : comparableRow;
}

/** Names the events of a call that are in a ledger. */
export function subsetOf(call: TestCall, events: Pick<ReadonlySet<string>, "has">): string {
  const identities = call.events.flatMap((body) => body.identities);
  const names = identities.filter(({ key }) => events.has(key)).map(({ event }) => event);
  return `${call.format}: ${names.join()}`;
}

/** Makes the rows that a ledger with healthy stores has of every subset of a call's bodies, in every format. */
export async function healthyRows(
  url: string,
  read: () => Promise<LedgerState>,
  formats: readonly FormatName[] = everyFormatName,
): Promise<Map<string, unknown>> {
  const sent = new Map<string, TestCall>();
  for (const format of formats) {
    const { events: all } = makeCall(format);
    for (let bits = 1; bits < 1 << all.length; bits++) {
      const call = makeCall(format);
      const events = call.events.filter((_, index) => bits & (1 << index));
      for (const { platform, body } of events) await postAs(platform, url, body);
      const keys = events.flatMap(({ identities }) => identities.map(({ key }) => key));
      sent.set(subsetOf(call, new Set(keys)), call);
    }
  }
  const { calls } = await read();
  return new Map(Array.from(sent, ([subset, call]) => [subset, comparable(calls.get(call.call_id), call.format)]));
}
