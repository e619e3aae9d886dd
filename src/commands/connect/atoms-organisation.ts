import * as z from "zod";
import { type AskAtoms, AtomsError, printable } from "./atoms-api.ts";

/** The events that an agent can send to a webhook. The ledger wants all of them. */
export const eventTypes = ["pre-conversation", "post-conversation", "analytics-completed"] as const;

export interface Webhook {
  id: string;
  url: string;
  /** Whether it was switched off. Who does that is not documented. */
  isDisabled: boolean;
  /** `undefined`: the platform does not show it. */
  secret: string | undefined;
}

/** `webhookId` is `undefined` where it cannot be read: then it counts as somebody else's. */
export interface Subscription {
  webhookId: string | undefined;
  eventType: string | undefined;
}

export interface Agent {
  id: string;
  name: string;
  subscriptions: Subscription[];
}

const textOrAbsent = z.string().nullish().catch(undefined);

const account = z.object({
  organizations: z
    .array(z.object({ name: textOrAbsent }))
    .nullish()
    .catch(undefined),
});

const webhookShape = z
  .object({ _id: z.string(), url: z.string(), status: textOrAbsent, decryptedSecretKey: textOrAbsent })
  .transform(({ _id, url, status, decryptedSecretKey }) => ({
    id: _id,
    url,
    isDisabled: status === "disabled",
    secret: decryptedSecretKey || undefined,
  }));

/** Webhooks of others may lack anything: these are skipped, since none of them can be the ledger's. */
const webhookList = z
  .array(webhookShape.or(z.unknown().transform(() => undefined)))
  .transform((webhooks) => webhooks.filter((webhook) => webhook !== undefined));

const agentPage = z.object({
  agents: z.array(z.object({ _id: z.string(), name: textOrAbsent })),
  hasMore: z.boolean().nullish().catch(undefined),
  totalPages: z.number().nullish().catch(undefined),
});

const subscriptionList = z.array(
  z
    .object({
      webhookId: z
        .union([z.string(), z.object({ _id: z.string() }).transform(({ _id }) => _id)])
        .nullish()
        .catch(undefined),
      eventType: textOrAbsent,
    })
    .transform(({ webhookId, eventType }) => ({
      webhookId: webhookId ?? undefined,
      eventType: eventType ?? undefined,
    })),
);

/** The names of the organisations that the key is for, for a person. */
export async function readOrganisation(ask: AskAtoms): Promise<string> {
  const { organizations } = read(account, await ask("GET", "/account/get-account-details"), "the account");
  const names = organizations?.flatMap(({ name }) => (name ? [printable(name)] : [])) ?? [];
  return names.join(", ") || "an organisation without a name";
}

/** The webhook of an address; a slash at its end makes no difference where there is no other. */
export async function findWebhook(ask: AskAtoms, address: string): Promise<Webhook | undefined> {
  const webhooks = read(webhookList, await ask("GET", "/webhook"), "the webhooks");
  const bare = (url: string) => url.replace(/\/+$/, "");
  return webhooks.find(({ url }) => url === address) ?? webhooks.find(({ url }) => bare(url) === bare(address));
}

export async function readWebhook(ask: AskAtoms, id: string): Promise<Webhook> {
  return read(webhookShape, await ask("GET", `/webhook?webhookId=${encodeURIComponent(id)}`), "the webhook");
}

/**
 * Makes a webhook that no agent sends to yet, or takes the one that is there since.
 * @throws {AtomsError} when the platform makes none, or the address is another account's
 */
export async function createWebhook(ask: AskAtoms, address: string): Promise<Webhook> {
  try {
    const id = await ask("POST", "/webhook", { endpoint: address, description: "Call Ledger", events: [] });
    return await readWebhook(ask, read(z.string(), id, "the id of the webhook"));
  } catch (error) {
    // The request before may have made it although its answer was lost.
    const made = error instanceof AtomsError && error.status === 400 ? await findWebhook(ask, address) : undefined;
    if (made === undefined) throw error;
    return readWebhook(ask, made.id);
  }
}

/** As many as the platform's own client asks for. */
const AGENTS_A_PAGE = 50;

/** Every agent that is not archived, with its subscriptions: one request an agent. */
export async function readAgents(ask: AskAtoms): Promise<Agent[]> {
  const agents: Agent[] = [];
  for (const { id, name } of (await readAgentNames(ask)).values()) {
    agents.push({ id, name, subscriptions: await readSubscriptions(ask, id) });
  }
  return agents;
}

async function readAgentNames(ask: AskAtoms): Promise<Map<string, { id: string; name: string }>> {
  const found = new Map<string, { id: string; name: string }>();
  for (let page = 1; ; page += 1) {
    const answer = await ask("GET", `/agent?page=${page}&offset=${AGENTS_A_PAGE}&archived=false`);
    const { agents, hasMore, totalPages } = read(agentPage, answer, "the agents");
    const before = found.size;
    for (const { _id: id, name } of agents) found.set(id, { id, name: printable(name || id) });
    const isLast = hasMore === false || (typeof totalPages === "number" && page >= totalPages);
    // A page that brings nothing new is the end, too, whatever the platform says.
    if (isLast || found.size === before) return found;
  }
}

export async function readSubscriptions(ask: AskAtoms, agentId: string): Promise<Subscription[]> {
  const answer = await ask("GET", `/agent/${encodeURIComponent(agentId)}/webhook-subscriptions`);
  return read(subscriptionList, answer, "the subscriptions of an agent");
}

/** Replaces ALL subscriptions of an agent, whichever webhook they are of. */
export async function replaceSubscriptions(
  ask: AskAtoms,
  agentId: string,
  webhookId: string,
  types: readonly string[],
): Promise<void> {
  await ask("POST", `/agent/${encodeURIComponent(agentId)}/webhook-subscriptions`, { webhookId, eventTypes: types });
}

/** Checks the shape of an answer. Says no more of it than what it should be: webhooks come with their secrets. */
function read<Output>(shape: z.ZodType<Output>, answer: unknown, what: string): Output {
  const { success, data } = shape.safeParse(answer);
  if (!success) throw new AtomsError(`Atoms answered something else than ${what}. Its API may have changed.`);
  return data;
}
