import type { Agent, Subscription } from "./atoms-organisation.ts";
import { eventTypes } from "./atoms-organisation.ts";

/** An agent, as it stands to a webhook. */
export type AgentState =
  /** It tells the webhook of everything. */
  | "connected"
  /** It tells the webhook of nothing, or not of everything, and nobody else. */
  | "missing"
  /** It tells another webhook, whose subscriptions would go. */
  | "elsewhere";

/** @param webhookId `undefined` while the webhook is not made */
export function stateOf(subscriptions: readonly Subscription[], webhookId: string | undefined): AgentState {
  if (missingTypes(subscriptions, webhookId).length === 0) return "connected";
  return subscriptions.some((one) => !isOf(one, webhookId)) ? "elsewhere" : "missing";
}

export function missingTypes(subscriptions: readonly Subscription[], webhookId: string | undefined): string[] {
  const told = new Set(subscriptions.filter((one) => isOf(one, webhookId)).map(({ eventType }) => eventType));
  return eventTypes.filter((type) => !told.has(type));
}

/** What an agent is to tell the webhook of: those that it tells already stay, since the platform replaces all of them. */
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
