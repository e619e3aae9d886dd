import * as z from "zod";
import { sha256 } from "../events/received.ts";
import type { HeldBody } from "../held/held.ts";
import type { Label } from "../held/subjects.ts";

/** The subject of an erasure: a call, a number, or all that is old. JSON in `ledger_jobs.subject`. */
export const subject = z.union([
  z.object({ call_id: z.string() }),
  z.object({
    digits: z.string().describe("of a customer's number, see `phoneDigits`"),
    until: z.string().describe("ISO 8601 UTC: what came in later is not meant"),
  }),
  z.object({ before: z.string().describe("ISO 8601 UTC: all that is older") }),
]);

export type Subject = z.infer<typeof subject>;

/** Returns whether a held body names the subject's number, or is too old. Bodies of erased calls go by their tombstones. */
export async function namesSubject(
  { received_at }: Pick<HeldBody, "received_at">,
  { numberSha256s }: Label,
  subject: Subject,
): Promise<boolean> {
  if ("before" in subject) return received_at < subject.before;
  if ("digits" in subject) return received_at <= subject.until && numberSha256s.includes(await sha256(subject.digits));
  return false;
}
