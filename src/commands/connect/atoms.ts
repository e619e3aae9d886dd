import { agentText, missingTypes, stateOf, wantedTypes } from "./agents.ts";
import type { AskAtoms } from "./atoms-api.ts";
import {
  type Agent,
  createWebhook,
  findWebhook,
  readAgents,
  readOrganisation,
  readSubscriptions,
  readWebhook,
  replaceSubscriptions,
  type Webhook,
} from "./atoms-organisation.ts";
import type { Patience } from "./patience.ts";
import { findFault, probe, waitForAcceptance } from "./probe.ts";
import { type EarlierSecrets, joinSecrets, obstacle, SETTING, type Worker } from "./worker-secret.ts";

/** Nothing more is done; the message says why, and what to do by hand. */
export class Stopped extends Error {}

/** A ledger and Atoms, as a command that connects them reaches both. */
export interface Connection {
  ask: AskAtoms;
  /** Of the ledger's webhook. */
  address: string;
  /** Ids of the agents that matter; empty for all. */
  agentIds: readonly string[];
  signal: AbortSignal;
  patience: Patience;
  /** Shows a line to the person. */
  show: (line: string) => void;
}

/** How things stand before anything is changed. */
interface Standing {
  webhook: Webhook | undefined;
  agents: Agent[];
  /** Whether the Worker accepts the secret of the webhook; `undefined` where there is none to try. */
  isAccepted: boolean | undefined;
}

/** Looks at both sides and changes nothing. */
async function look({ ask, address, agentIds, signal, patience }: Connection): Promise<Standing> {
  const fault = await findFault(address, signal, patience);
  if (fault !== undefined) throw new Stopped(fault);
  const listed = await findWebhook(ask, address);
  const webhook = listed && (await readWebhook(ask, listed.id));
  const agents = await readAgents(ask);
  const unknown = agentIds.filter((id) => !agents.some((agent) => agent.id === id));
  if (unknown.length > 0) throw new Stopped(`The organisation has no agent ${unknown.join(", ")}.`);
  const result = webhook?.secret === undefined ? undefined : await probe(address, webhook.secret, signal, patience);
  return {
    webhook,
    agents: agentIds.length === 0 ? agents : agents.filter(({ id }) => agentIds.includes(id)),
    isAccepted: result && result === "accepted",
  };
}

/** Shows what is missing for every call to reach the ledger. Resolves to whether nothing is. */
export async function check(connection: Connection): Promise<boolean> {
  connection.show(`Organisation: ${await readOrganisation(connection.ask)}`);
  return showGaps(connection);
}

async function showGaps(connection: Connection): Promise<boolean> {
  const gaps = gapsIn(await look(connection), connection.address);
  for (const gap of gaps) connection.show(`- ${gap}`);
  return gaps.length === 0;
}

function gapsIn({ webhook, agents, isAccepted }: Standing, address: string): string[] {
  if (webhook === undefined) return [`There is no webhook for ${address}.`];
  return [
    ...(webhook.isDisabled ? [disabledText(webhook)] : []),
    ...(webhook.secret === undefined ? [`The platform does not show the secret of the webhook ${webhook.id}.`] : []),
    ...(isAccepted === false ? ["The Worker does not accept what this webhook signs: its events are lost."] : []),
    ...(agents.length === 0 ? ["There is no agent."] : []),
    ...agents.flatMap((agent) => {
      const missing = missingTypes(agent.subscriptions, webhook.id);
      return missing.length === 0 ? [] : [`${agentText(agent)} does not send ${missing.join(", ")} to the ledger.`];
    }),
  ];
}

export interface ConnectOptions extends EarlierSecrets {
  worker: Worker;
  /** Asks whether to go on. */
  confirm: () => Promise<boolean>;
}

/**
 * Makes the webhook, sets its secret, waits for the Worker to accept it, and then subscribes the agents: a delivery that meets a Worker
 * without the secret is lost. Every step is skipped where it is done already. Resolves to whether every call reaches the ledger now.
 * @throws {Stopped} when a step is for a person
 */
export async function connect(
  connection: Connection,
  { worker, confirm, ...earlier }: ConnectOptions,
): Promise<boolean> {
  const { ask, address, signal, patience, show } = connection;
  show(`Organisation: ${await readOrganisation(ask)}`);
  const before = await look(connection);
  if (gapsIn(before, address).length === 0) {
    show("Everything is connected already.");
    return true;
  }
  refuseWhatIsForPeople(before, address);
  const mustSetSecret = before.isAccepted !== true;
  const reason = mustSetSecret ? await obstacle(worker, earlier) : undefined;
  if (reason !== undefined) throw new Stopped(reason);

  const missing = before.agents.filter(({ subscriptions }) => stateOf(subscriptions, before.webhook?.id) === "missing");
  for (const line of planText(before, address, missing, mustSetSecret, earlier)) show(`- ${line}`);
  if (!(await confirm())) {
    show("Nothing is changed.");
    return false;
  }

  const webhook = before.webhook ?? (await createWebhook(ask, address));
  if (webhook !== before.webhook) show(`The webhook ${webhook.id} is made.`);
  if (webhook.isDisabled) throw new Stopped(disabledText(webhook));
  const secret = usableSecret(webhook);
  if (mustSetSecret) {
    if (!(await worker.setSecrets(joinSecrets(earlier.kept, secret)))) {
      throw new Stopped("The secret is NOT set; see above. No agent is subscribed: run this again.");
    }
    show("The secret is set. Waiting for the Worker to accept it …");
  }
  if (!(await waitForAcceptance(address, secret, signal, patience))) {
    throw new Stopped(`${address} does not accept the webhook's secret. No agent is subscribed. Is the Worker of wrangler.toml the one at this address?
  If it is: run this again in some minutes.`);
  }
  show("The Worker accepts what the webhook signs.");
  for (const agent of missing) await subscribe(connection, agent, webhook.id);
  return showGaps(connection);
}

async function subscribe({ ask, show }: Connection, agent: Agent, webhookId: string): Promise<void> {
  // Somebody may have subscribed it to another webhook in the meantime, and all subscriptions are replaced.
  const now = await readSubscriptions(ask, agent.id);
  const state = stateOf(now, webhookId);
  if (state === "elsewhere") throw new Stopped(elsewhereText([agent]));
  if (state === "missing") await replaceSubscriptions(ask, agent.id, webhookId, wantedTypes(now));
  show(`${agentText(agent)} is subscribed.`);
}

/** @throws {Stopped} */
function refuseWhatIsForPeople({ webhook, agents }: Standing, address: string): void {
  if (agents.length === 0) throw new Stopped("The organisation has no agent: make one first.");
  if (webhook?.isDisabled) throw new Stopped(disabledText(webhook));
  if (webhook !== undefined) usableSecret(webhook);
  const elsewhere = agents.filter(({ subscriptions }) => stateOf(subscriptions, webhook?.id) === "elsewhere");
  if (elsewhere.length > 0) throw new Stopped(`${elsewhereText(elsewhere)}\nNothing is changed for ${address}.`);
}

/** @throws {Stopped} */
function usableSecret({ id, secret }: Webhook): string {
  if (secret === undefined) {
    throw new Stopped(`The platform does not show the secret of the webhook ${id}, so nothing can be signed with it. By hand: copy it from the webhook's page at Atoms,
  npx wrangler secret put ${SETTING}, and only then choose the agents on that page.`);
  }
  // The setting separates secrets by commas and white space, and takes none that is shorter.
  if (secret.length < 8 || /[\s,]/.test(secret)) {
    throw new Stopped(
      `The secret of the webhook ${id} is none that the Worker can have: it is shorter than 8 characters, or has a comma or a space in it. Make the webhook anew at Atoms.`,
    );
  }
  return secret;
}

function disabledText({ id }: Webhook): string {
  return `The webhook ${id} is switched off. The API cannot switch it on: do so on its page at Atoms.`;
}

function elsewhereText(agents: readonly Agent[]): string {
  const names = agents.map((agent) => {
    const ids = new Set(agent.subscriptions.map(({ webhookId }) => webhookId ?? "unknown"));
    return `  ${agentText(agent)}: webhook ${[...ids].join(", ")}`;
  });
  return `These agents send to another webhook, and subscribing them would take that away: the platform replaces all subscriptions of an agent.
${names.join("\n")}
By hand: take the agent off the other webhook at Atoms, if nobody needs it there, and run this again; or choose the others with --agents.`;
}

function planText(
  { webhook, agents }: Standing,
  address: string,
  missing: readonly Agent[],
  mustSetSecret: boolean,
  { kept }: EarlierSecrets,
): string[] {
  const there = kept === "" ? "in place of what it has, if it has any" : `behind those of the variable ${SETTING}`;
  return [
    webhook === undefined ? `makes a webhook for ${address}` : `takes the webhook ${webhook.id}, which is there`,
    mustSetSecret
      ? `puts its secret into the Worker's ${SETTING}, ${there}`
      : "leaves the Worker's secrets as they are",
    "waits until the Worker accepts what the webhook signs",
    `then subscribes ${missing.length} of ${agents.length} agents: ${missing.map(agentText).join(", ") || "none"}`,
  ];
}
