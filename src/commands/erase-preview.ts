import * as z from "zod";
import { phoneDigits } from "../events/phone.ts";
import { type Ask, eachPage, LedgerError } from "./ask-ledger.ts";
import { callPath, type Subject } from "./erasure.ts";

const call = z.object({
  call_id: z.string(),
  agent_id: z.string(),
  status: z.string(),
  called_at: z.string(),
  caller_phone: z.string().nullable(),
});
type Call = z.infer<typeof call>;

const MAX_SHOWN_CALLS = 10;

/** Says what an erasure would delete, as far as the tables of the ledger show it. */
export async function previewErasure(ask: Ask, subject: Subject): Promise<string> {
  const calls = "call" in subject ? await callOfId(ask, subject.call) : await callsOfPhone(ask, subject.phone);
  const name = "call" in subject ? `call ${subject.call}` : `calls with ${subject.phone}`;
  const shown = calls.slice(0, MAX_SHOWN_CALLS).map(lineOf);
  const more = calls.length - shown.length;
  return [
    calls.length === 0 ? `The tables have no rows of ${name}.` : `To be erased: ${calls.length} ${name}`,
    ...shown,
    ...(more > 0 ? [`  … and ${more} more`] : []),
    "Rows, words, transcripts, and every parked or quarantined body that names them go for good.",
    "What was sent downstream stays there.",
  ].join("\n");
}

function lineOf({ call_id, agent_id, status, called_at, caller_phone }: Call): string {
  return `  ${[called_at, call_id, agent_id, caller_phone ?? "no number", status].join("  ")}`;
}

async function callOfId(ask: Ask, callId: string): Promise<Call[]> {
  try {
    return [call.parse((await ask("GET", callPath(callId)))["call"])];
  } catch (error) {
    // A body in quarantine may name a call that no table has.
    if (error instanceof LedgerError && error.status === 404) return [];
    throw error;
  }
}

/** Newest first. The search finds parts of numbers too, which the erasure does not. */
async function callsOfPhone(ask: Ask, phone: string): Promise<Call[]> {
  const digits = phoneDigits(phone);
  const calls: Call[] = [];
  await eachPage(
    (cursor) =>
      ask(
        "GET",
        `/api/calls?${new URLSearchParams({ q: phone, limit: "200", ...(cursor !== undefined && { cursor }) })}`,
      ),
    (page) => calls.push(...z.array(call).parse(page["calls"])),
  );
  return calls.filter(({ caller_phone }) => caller_phone !== null && phoneDigits(caller_phone) === digits);
}
