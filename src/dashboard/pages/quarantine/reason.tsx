import { type QuarantineReason, quarantineReasons } from "../../../held/held.ts";
import { Badge } from "../../ui/parts.tsx";

export const reasonWords: Record<QuarantineReason, string> = {
  "not-an-object": "Not a JSON object",
  invalid: "Does not fit",
  unrecognised: "Unknown event",
  "id-reused": "Id of another body",
  "other-platform": "Call of another platform",
  "let-go": "Call has left the database",
  faulty: "The ledger failed over it",
};

/** Why a body is in quarantine, in words. A reason that an older deployment wrote stands as it is. */
export function Reason({ reason }: { reason: string }) {
  const known = quarantineReasons.find((name) => name === reason);
  return <Badge tone="warn">{known === undefined ? reason : reasonWords[known]}</Badge>;
}
