import * as z from "zod";
import { type Ask, LedgerError } from "./ask-ledger.ts";
import { callPath, type Subject } from "./erasure.ts";

const call = z.object({
  call_id: z.string(),
  agent_id: z.string(),
  status: z.string(),
  called_at: z.string(),
  caller_phone: z.string().nullable(),
});
type Call = z.infer<typeof call>;

const preview = z.object({ calls: z.number(), parked: z.number(), quarantined: z.number(), complete: z.boolean() });

const MAX_SHOWN_CALLS = 10;

/** Says what an erasure will delete. */
export async function previewErasure(ask: Ask, subject: Subject): Promise<string> {
  const lines = "call" in subject ? await aboutCall(ask, subject.call) : await aboutCaller(ask, subject.phone);
  return [
    ...lines,
    "Rows, words, transcripts, and every parked or quarantined body that names them go for good.",
    "What was sent downstream stays there.",
  ].join("\n");
}

async function aboutCall(ask: Ask, callId: string): Promise<string[]> {
  try {
    return [`To be erased: call ${callId}`, lineOf(call.parse((await ask("GET", callPath(callId)))["call"]))];
  } catch (error) {
    // A body in quarantine may name a call that no table has.
    if (error instanceof LedgerError && error.status === 404) return [`The tables have no rows of call ${callId}.`];
    throw error;
  }
}

async function aboutCaller(ask: Ask, phone: string): Promise<string[]> {
  const counted = preview.parse(await ask("POST", "/api/erasures/preview", { caller_phone: phone }));
  const { calls, parked, quarantined, complete } = counted;
  const query = new URLSearchParams({ phone, limit: String(MAX_SHOWN_CALLS) });
  // A number that no customer has is looked for as a part of others, whose calls stay.
  const shown = calls === 0 ? [] : z.array(call).parse((await ask("GET", `/api/calls?${query}`))["calls"]);
  return [
    `To be erased: ${calls} calls with ${phone}, ${parked} parked and ${quarantined} quarantined bodies that name it`,
    ...(complete ? [] : ["More bodies are held than were looked through: those that name it go as well."]),
    ...shown.map(lineOf),
    ...(calls > shown.length ? [`  … and ${calls - shown.length} more`] : []),
  ];
}

function lineOf({ call_id, agent_id, status, called_at, caller_phone }: Call): string {
  return `  ${[called_at, call_id, agent_id, caller_phone ?? "no number", status].join("  ")}`;
}
