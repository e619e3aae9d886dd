import type { CallStatus } from "../../ledger/calls.ts";
import type { DeliveryState } from "../../ledger/deliveries.ts";

/** How far a call has got, in the words of the pages. */
export const statusWords: Record<CallStatus, string> = { active: "not ended", ended: "ended", analyzed: "analyzed" };

const tones: Record<CallStatus, string> = { active: "warn", ended: "", analyzed: "good" };

const deliveries = {
  pending: ["warn", "pending"],
  delivered: ["good", "delivered"],
  failed: ["bad", "failed"],
} satisfies Record<DeliveryState, [string, string]>;

/** How far a call has got. */
export function CallBadge({ status }: { status: CallStatus }) {
  return <Badge kind={[tones[status], statusWords[status]]} />;
}

/** How far a delivery has got. */
export function DeliveryBadge({ state }: { state: DeliveryState }) {
  return <Badge kind={deliveries[state]} />;
}

function Badge({ kind: [tone, word] }: { kind: readonly [string, string] }) {
  return <span class={`badge ${tone}`.trim()}>{word}</span>;
}
