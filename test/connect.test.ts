import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { check, connect } from "../src/commands/connect/atoms.ts";
import { askAtoms } from "../src/commands/connect/atoms-api.ts";
import { eventTypes } from "../src/commands/connect/atoms-organisation.ts";
import { looksLikeKey } from "../src/commands/connect/key.ts";
import { probe } from "../src/commands/connect/probe.ts";
import { type Fault, KEY, openAtomsWebhooks } from "./platform-apis/atoms-webhooks.ts";
import { answerOnLoopback } from "./support/answer-on-loopback.ts";
import { bootLedger, SECRET } from "./support/ledger.ts";

const { signal } = new AbortController();
const patience = { requestMs: 300, retryMs: 1, acceptanceMs: 200, probeMs: 1 };
const SETTING = "ATOMS_WEBHOOK_SECRETS";

/** A Worker whose secrets are set by wrangler, and reach it only after some more bodies; what it answers is what the real one does. */
async function openWorker(onChange: (change: string) => void) {
  const worker = { settings: new Map<string, string>(), isBroken: false, lag: 4, probes: 0, live: [""] };
  const problem = (status: number, type: string) =>
    Response.json({ type: `urn:problem-type:call-ledger:${type}`, status }, { status });
  let left = 0;
  const server = await answerOnLoopback(async (request) => {
    worker.probes += 1;
    if (left > 0) left -= 1;
    if (left === 0) worker.live = (worker.settings.get(SETTING) ?? "").split(",");
    const body = await request.text();
    const secrets = worker.live.filter((secret) => secret !== "");
    if (secrets.length === 0) return problem(503, "not-configured");
    const signature = request.headers.get("x-signature");
    const isRight = secrets.some((secret) => createHmac("sha256", secret).update(body).digest("hex") === signature);
    if (!isRight) return problem(401, "invalid-signature");
    onChange("accepted");
    return Response.json({ status: "ignored" });
  });
  return {
    state: worker,
    address: `${server.url}/webhooks/atoms`,
    secretNames: async () => (worker.isBroken ? undefined : new Set(worker.settings.keys())),
    async setSecrets(value: string) {
      if (worker.isBroken) return false;
      worker.settings.set(SETTING, value);
      left = worker.lag;
      onChange("secret set");
      return true;
    },
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}

/** An organisation with three agents, on two pages, and a Worker without a secret. */
async function open(retryMs = patience.retryMs) {
  const changes: string[] = [];
  const shown: string[] = [];
  const atoms = await openAtomsWebhooks((change) => changes.push(change));
  const worker = await openWorker((change) => changes.push(change));
  for (const name of ["Nisha", "Omar", null]) atoms.addAgent(name);
  const connection = (agentIds: string[] = []) => ({
    ask: askAtoms({ base: atoms.base, key: KEY }, signal, { ...patience, retryMs }),
    address: worker.address,
    agentIds,
    signal,
    patience,
    show: (line: string) => shown.push(line),
  });
  return {
    atoms,
    worker,
    changes,
    shown,
    /** Resolves to whether all is well, or to why it stopped. */
    connect: (options: { kept?: string; mayReplace?: boolean; answer?: boolean; agentIds?: string[] } = {}) =>
      connect(connection(options.agentIds), {
        worker,
        kept: options.kept ?? "",
        mayReplace: options.mayReplace ?? false,
        confirm: async () => options.answer ?? true,
      }).catch((error: unknown) => String(error)),
    check: (agentIds: string[] = []) => check(connection(agentIds)).catch((error: unknown) => String(error)),
    async [Symbol.asyncDispose]() {
      await atoms[Symbol.asyncDispose]();
      await worker[Symbol.asyncDispose]();
    },
  };
}

const subscribed = (webhookId = "", types: readonly string[] = eventTypes) =>
  types.map((eventType) => ({ webhookId, eventType }));

test("the agents are subscribed only after the Worker accepted what the webhook signs", async () => {
  await using world = await open();
  expect(await world.connect()).toBe(true);

  const [webhook] = world.atoms.webhooks;
  expect(world.changes.slice(0, 6)).toEqual([
    "webhook",
    "secret set",
    "accepted",
    "accepted",
    "accepted",
    "subscribed Nisha",
  ]);
  expect(world.worker.state.settings.get(SETTING)).toBe(webhook?.decryptedSecretKey);
  for (const agent of world.atoms.agents) expect(agent.subscriptions).toEqual(subscribed(webhook?._id));
  expect(await world.check()).toBe(true);
});

test("while the Worker does not accept it, no agent is subscribed; the next run goes on from there", async () => {
  await using world = await open();
  world.worker.state.lag = Number.POSITIVE_INFINITY;
  expect(await world.connect()).toContain("No agent is subscribed");
  expect(world.atoms.agents.flatMap(({ subscriptions }) => subscriptions)).toEqual([]);
  expect(world.changes).toEqual(["webhook", "secret set"]);

  world.worker.state.live = [world.worker.state.settings.get(SETTING) ?? ""];
  expect(await world.connect()).toBe(true);
  expect(world.atoms.webhooks).toHaveLength(1);
});

test("a second run changes nothing", async () => {
  await using world = await open();
  await world.connect();
  const before = world.atoms.requests.filter((request) => request.startsWith("POST")).length;
  world.changes.length = 0;
  expect(await world.connect()).toBe(true);
  expect(world.changes.filter((change) => change !== "accepted")).toEqual([]);
  expect(world.atoms.requests.filter((request) => request.startsWith("POST"))).toHaveLength(before);
});

test("a no changes nothing, and what would happen was shown", async () => {
  await using world = await open();
  expect(await world.connect({ answer: false })).toBe(false);
  expect(world.changes).toEqual([]);
  expect(world.shown.join("\n")).toMatch(
    /Acme\n- makes a webhook for .*\n- puts its secret into .*\n- waits .*\n- then subscribes 3 of 3 agents: Nisha \(a9e\d+\), Omar/,
  );
});

test("an agent that sends to another webhook is never subscribed: what is to do by hand is said before anything is made", async () => {
  await using world = await open();
  const other = world.atoms.addAgent("Pia", { webhookId: "another", eventType: "post-conversation" });
  expect(await world.connect()).toMatch(/Pia \(a9e\d+\): webhook another\n(.|\n)*By hand/);
  expect(world.changes).toEqual([]);

  const others = world.atoms.agents.filter((agent) => agent !== other).map(({ _id }) => _id);
  expect(await world.connect({ agentIds: others })).toBe(true);
  expect(other.subscriptions).toEqual([{ webhookId: "another", eventType: "post-conversation" }]);
  expect(await world.check(others)).toBe(true);
  expect(await world.check()).toBe(false);
  expect(world.shown.at(-1)).toMatch(
    /^- Pia .* does not send pre-conversation, post-conversation, analytics-completed/,
  );
});

test("one that somebody subscribes elsewhere while the Worker is waited for is left alone", async () => {
  await using world = await open();
  const [, omar] = world.atoms.agents;
  const setSecrets = world.worker.setSecrets;
  world.worker.setSecrets = (value) => {
    omar?.subscriptions.push({ webhookId: "another", eventType: "post-conversation" });
    return setSecrets(value);
  };
  expect(await world.connect()).toContain("These agents send to another webhook");
  expect(omar?.subscriptions).toEqual([{ webhookId: "another", eventType: "post-conversation" }]);
});

test("what an agent sends to the ledger's webhook besides stays", async () => {
  await using world = await open();
  await world.connect();
  const [agent] = world.atoms.agents;
  const id = world.atoms.webhooks[0]?._id;
  agent?.subscriptions.splice(0, 9, ...subscribed(id, ["pre-conversation", "an-event-to-come"]));
  expect(await world.connect()).toBe(true);
  expect(agent?.subscriptions).toEqual(subscribed(id, [...eventTypes, "an-event-to-come"]));
});

test("secrets that the Worker has are replaced only if they are named, or may be", async () => {
  await using world = await open();
  const had = "secret-of-others";
  world.worker.state.settings.set(SETTING, had);
  expect(await world.connect()).toContain("--replace-secrets");
  expect(world.changes).toEqual([]);
  expect(await world.connect({ kept: `${had}\nanother-of-ours` })).toBe(true);
  const made = world.atoms.webhooks[0]?.decryptedSecretKey;
  expect(world.worker.state.settings.get(SETTING)).toBe(`${had},another-of-ours,${made}`);

  world.worker.state.settings.set(SETTING, had);
  expect(await world.connect({ mayReplace: true })).toBe(true);
  expect(world.worker.state.settings.get(SETTING)).toBe(made);
});

test("what wrangler cannot tell or set stops it; the next run mends it", async () => {
  await using world = await open();
  world.worker.state.isBroken = true;
  expect(await world.connect()).toContain("could not be found out");
  expect(world.changes).toEqual([]);
  world.worker.secretNames = async () => new Set<string>();
  expect(await world.connect()).toContain("NOT set");
  expect(world.changes).toEqual(["webhook"]);
  world.worker.state.isBroken = false;
  expect(await world.connect()).toBe(true);
  expect(world.atoms.webhooks).toHaveLength(1);
});

test("a webhook whose secret is not shown, or that is switched off, is for a person", async () => {
  await using world = await open();
  world.atoms.state.showsSecrets = false;
  expect(await world.connect()).toContain("does not show the secret");
  expect(world.changes).toEqual(["webhook"]);
  expect(await world.connect()).toContain("By hand");
  expect(await world.check()).toBe(false);
  world.atoms.state.showsSecrets = true;
  const [webhook] = world.atoms.webhooks;
  if (webhook) webhook.status = "disabled";
  expect(await world.connect()).toContain("is switched off");
  expect(await world.check()).toBe(false);
  expect(world.changes).toEqual(["webhook"]);
  if (webhook) webhook.status = null;
  expect(await world.connect()).toBe(true);
});

test("a check finds every gap, and changes nothing", async () => {
  await using world = await open();
  expect(await world.check()).toBe(false);
  expect(world.shown.at(-1)).toContain("There is no webhook");
  expect(world.changes).toEqual([]);
  await world.connect();
  expect(await world.check()).toBe(true);

  world.changes.length = 0;
  const [nisha] = world.atoms.agents;
  nisha?.subscriptions.pop();
  world.atoms.addAgent("New");
  world.worker.state.settings.set(SETTING, "another-secret");
  world.shown.length = 0;
  expect(await world.check()).toBe(false);
  expect(world.shown.slice(1)).toEqual([
    "- The Worker does not accept what this webhook signs: its events are lost.",
    expect.stringMatching(/^- Nisha \(.*\) does not send analytics-completed to the ledger.$/),
    expect.stringMatching(/^- New \(.*\) does not send pre-conversation, post-conversation, analytics-completed/),
  ]);
  expect(world.changes).toEqual([]);
});

const steps = [
  "GET /account/get-account-details",
  "GET /webhook",
  "GET /agent",
  "POST /webhook",
  "GET /agent/a9e000000000000000000002/webhook-subscriptions",
  "POST /agent/a9e000000000000000000002/webhook-subscriptions",
];
const lasting: Fault[] = ["401", "403", "500", "502", "html", "hang", "nulls", "429 for long"];

test.each(steps.flatMap((step) => lasting.map((fault) => [step, fault] as const)))(
  "%s meets %s: it says so without a secret, and the next run ends the same",
  async (step, fault) => {
    await using world = await open();
    world.atoms.faults.set(step, [fault, fault, fault, fault]);
    const first = await world.connect();
    // A name is not needed; and the agent that was not subscribed is found when everything is looked at again.
    if (fault === "nulls" && step.startsWith("GET /account")) expect(first).toBe(true);
    else if (fault === "nulls" && step.startsWith("POST /agent")) expect(first).toBe(false);
    else expect(first).toMatch(/Atoms answered|does not|not JSON/);
    world.atoms.faults.clear();
    expect(await world.connect()).toBe(true);
    expect(world.atoms.webhooks).toHaveLength(1);
    for (const { subscriptions } of world.atoms.agents) {
      expect(subscriptions).toEqual(subscribed(world.atoms.webhooks[0]?._id));
    }
    expect([first, ...world.shown].join("\n")).not.toMatch(/secret-of|sk_/);
  },
);

test.each(
  steps.flatMap((step) =>
    (["429 header", "429 body", "429 class", "500", "lost"] as const).map((fault) => [step, fault] as const),
  ),
)("%s meets %s once: it is asked again", async (step, fault) => {
  // A day: longer than anybody waits, so where the platform says how long, only that wait can be meant.
  await using world = await open(fault.startsWith("429") ? 86_400_000 : 1);
  world.atoms.faults.set(step, [fault]);
  expect(await world.connect()).toBe(true);
  expect(world.atoms.webhooks).toHaveLength(1);
});

test("where no ledger answers, or one that accepts everything, nothing is made", async () => {
  await using world = await open();
  for (const [answer, said] of [
    [
      () => new Response("<h1>Sign in</h1>", { status: 302, headers: { Location: "https://example.com/" } }),
      "answers 302",
    ],
    [() => Response.json({ status: "ignored" }), "accepts a signature of anybody"],
    [() => undefined, "Nothing answers"],
  ] as const) {
    await using other = await answerOnLoopback(async () => answer());
    const connection = {
      ask: askAtoms({ base: world.atoms.base, key: KEY }, signal, patience),
      address: `${other.url}/webhooks/atoms`,
      agentIds: [],
      signal,
      patience,
      show: () => {},
    };
    await expect(check(connection)).rejects.toThrow(said);
  }
  expect(world.changes).toEqual([]);
});

test("the probe is accepted by the ledger that has the secret, and leaves nothing behind", async () => {
  const ledger = await bootLedger();
  const address = `${ledger.url}webhooks/atoms`;
  expect(await probe(address, SECRET, signal, { requestMs: 20_000 })).toBe("accepted");
  expect(await probe(address, "another-secret", signal, { requestMs: 20_000 })).toBe("refused");
  expect(await probe(`${ledger.url}webhooks/retell`, SECRET, signal, { requestMs: 20_000 })).toBe("off");
  expect((await ledger.ARCHIVE.list()).objects).toEqual([]);
  const { results } = await ledger.DB.prepare("SELECT call_id FROM calls").all();
  expect(results).toEqual([]);
  await ledger.harness.close();
});

test.each([
  ["sk_1234", true],
  ["--key=abc", true],
  ["--api-key", true],
  ["--token", true],
  ["--agents=sk_1234", true],
  ["--replace-secrets", false],
  ["--url=https://ledger.example.com", false],
  ["69fc7dd072a0c1d28d948ace", false],
])("%s is, or asks for, a key: %s", (argument, expected) => expect(looksLikeKey(argument)).toBe(expected));
