import type { CallStatus } from "../../ledger/calls.ts";
import type { DeliveryState } from "../../ledger/deliveries.ts";

const calls = {
  active: ["warn", "not ended"],
  ended: ["", "ended"],
  analyzed: ["good", "analyzed"],
} satisfies Record<CallStatus, [string, string]>;

const deliveries = {
  pending: ["warn", "pending"],
  delivered: ["good", "delivered"],
  failed: ["bad", "failed"],
} satisfies Record<DeliveryState, [string, string]>;

/** How far a call has got. */
export function CallBadge({ status }: { status: CallStatus }) {
  return <Badge kind={calls[status]} />;
}

/** How far a delivery has got. */
export function DeliveryBadge({ state }: { state: DeliveryState }) {
  return <Badge kind={deliveries[state]} />;
}

function Badge({ kind: [tone, word] }: { kind: readonly [string, string] }) {
  return <span class={`badge ${tone}`.trim()}>{word}</span>;
}
