import type { Agent, Subscription } from "./atoms-organisation.ts";
import { eventTypes } from "./atoms-organisation.ts";

/** The relation of an agent to a webhook. */
export type AgentState =
  /** It sends every event to the webhook. */
  | "connected"
  /** It sends some events or none to the webhook, and none to another. */
  | "missing"
  /** It sends to another webhook, whose subscriptions would be removed. */
  | "elsewhere";

/** @param webhookId `undefined` while the webhook is not made */
export function stateOf(subscriptions: readonly Subscription[], webhookId: string | undefined): AgentState {
  if (missingTypes(subscriptions, webhookId).length === 0) return "connected";
  return subscriptions.some((one) => !isOf(one, webhookId)) ? "elsewhere" : "missing";
}

export function missingTypes(subscriptions: readonly Subscription[], webhookId: string | undefined): string[] {
  const sent = new Set(subscriptions.filter((one) => isOf(one, webhookId)).map(({ eventType }) => eventType));
  return eventTypes.filter((type) => !sent.has(type));
}

/** Returns the events to subscribe an agent to: with those that it sends already, since the platform replaces all of them. */
export function wantedTypes(subscriptions: readonly Subscription[]): string[] {
  return [...new Set([...eventTypes, ...subscriptions.flatMap(({ eventType }) => eventType ?? [])])];
}

function isOf({ webhookId }: Subscription, id: string | undefined): boolean {
  return id !== undefined && webhookId === id;
}

/** `Nisha (69fc7dd072a0c1d28d948ace)` */
export function agentText({ name, id }: Pick<Agent, "name" | "id">): string {
  return name === id ? id : `${name} (${id})`;
}
