import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { receive } from "../../src/ingest/receive.ts";
import { elevenlabs } from "../../src/platforms/elevenlabs/index.ts";
import { secretNames } from "../../src/platforms/vapi/secrets.ts";
import { elevenLabsCall } from "../support/elevenlabs.ts";
import type { Faults } from "../support/stores/faults.ts";
import { takeSnapshot } from "../support/stores/snapshot.ts";
import "../support/hex.ts";
import { bootEveryPlatform, type EveryPlatformLedger } from "../support/platform-ledger.ts";
import { retellWebCall } from "../support/retell.ts";
import { vapiCall } from "../support/vapi.ts";

let ledger: EveryPlatformLedger;
beforeAll(async () => {
  ledger = await bootEveryPlatform();
});
// Each test looks through everything that the stores hold.
afterEach(async () => {
  const { objects } = await ledger.ARCHIVE.list();
  await ledger.ARCHIVE.delete(objects.map(({ key }) => key));
  await ledger.DB.exec("DELETE FROM calls");
});
afterAll(() => ledger.harness.close());

const HUSH = "hush-eyJhbGciOiJIUzI1NiJ9";

/** Everywhere that a body of Vapi can carry one. */
const ofVapi = {
  phoneNumber: {
    ...{ provider: "twilio", number: "+15559876543", twilioAccountSid: "AC1" },
    ...{ twilioAuthToken: HUSH, twilioApiKey: HUSH, twilioApiSecret: HUSH, key: HUSH, credential: HUSH },
    server: {
      url: "https://hooks.example.com",
      secret: HUSH,
      headers: { Authorization: `Bearer ${HUSH}`, "X-Key": HUSH },
    },
    authentication: { realm: "sip.vapi.ai", username: "desk", password: HUSH },
    auth: { user: HUSH },
  },
  assistant: {
    ...{ name: "Front desk", serverUrlSecret: HUSH, credentialIds: ["credential_1"] },
    credentials: [{ provider: "openai", apiKey: HUSH, note: HUSH }],
    model: { provider: "custom-llm", headers: { "api-key": HUSH }, tools: [{ server: { secret: HUSH } }] },
    voice: { provider: "azure", subscription: { apiKey: HUSH } },
  },
};
const ofElevenLabs = {
  conversation_initiation_client_data: {
    custom_llm_extra_body: { "api-key": HUSH, temperature: 0 },
    dynamic_variables: {
      ...{ customer_name: "Ada", secret__token: HUSH, SECRET__upper: HUSH, crm_api_key: HUSH, access_token: HUSH },
      secret__list: [HUSH, { inner: HUSH }],
    },
  },
  transcript: [
    {
      ...{ role: "agent", message: "One moment.", time_in_call_secs: 1 },
      tool_calls: [
        { tool_name: "find", tool_details: { url: "https://crm.example", headers: { "X-Crm": HUSH }, body: "{}" } },
      ],
    },
  ],
};

/** A body of each kind, of a call, with a secret wherever its platform puts one. */
const retell = (call_id: string) => retellWebCall(call_id, HUSH);
const vapi = (call_id: string) => vapiCall({ call_id });
const transcription = (call_id: string, data: object = {}) =>
  elevenLabsCall({ call_id }).transcription({ ...ofElevenLabs, ...data });
const brokenOff = (body: object) => JSON.stringify(body).slice(0, -1);
const { server: _, auth: __, ...textsOfVapi } = ofVapi.phoneNumber;
const { secret__list, ...textsOfElevenLabs } = ofElevenLabs.conversation_initiation_client_data.dynamic_variables;
const variablesOfTexts = {
  conversation_initiation_client_data: { dynamic_variables: textsOfElevenLabs },
  transcript: [],
};

const healthy: Faults = {};
const D1: Faults = { D1: "before" };
const R2: Faults = { R2: "before" };
const both: Faults = { D1: "before", R2: "before" };

/** Everything that D1 and R2 hold, and every line of the log, as one text: too long for an assertion to print. */
async function everything(): Promise<string> {
  const { tables } = await takeSnapshot(ledger.DB, ledger.ARCHIVE);
  const { objects } = await ledger.ARCHIVE.list({ include: ["customMetadata"] });
  const metadata = objects.map(({ key, customMetadata }) => [key, customMetadata]);
  const lines = ledger.harness.getLogs().map(({ message }) => message);
  return [JSON.stringify([tables, metadata]), ...Object.values(await ledger.objectsBelow("")), ...lines].join("\n");
}

describe("secrets are taken out before anything is kept", () => {
  test.each([
    ["retell", "a start", "D1", healthy, "stored", (id: string) => retell(id).start()],
    [
      "retell",
      "an end",
      "calls/",
      healthy,
      "stored",
      (id: string) => retell(id).end({ metadata: { deep: [{ Access_Token: HUSH }] } }),
    ],
    ["retell", "an analysis", "D1", healthy, "stored", (id: string) => retell(id).analytics()],
    [
      "retell",
      "an end that does not fit",
      "quarantine/",
      healthy,
      422,
      (id: string) => retell(id).end({ duration_ms: "1" }),
    ],
    [
      "retell",
      "an event that nobody knows",
      "quarantine/",
      healthy,
      "quarantined",
      (id: string) => ({ ...retell(id).end(), event: "call_teleported" }),
    ],
    ["retell", "an end that breaks off", "quarantine/", healthy, 400, (id: string) => brokenOff(retell(id).end())],
    [
      "retell",
      "an end that breaks off in its secret",
      "quarantine/",
      healthy,
      400,
      (id: string) => `{"call":{"call_id":"${id}","access_token":"${HUSH}`,
    ],
    ["retell", "an end while D1 is down", "parked/", D1, "parked", (id: string) => retell(id).end()],
    ["retell", "an end while R2 is down", "queue", R2, "parked", (id: string) => retell(id).end()],
    ["retell", "an end while both are down", "queue", both, "parked", (id: string) => retell(id).end()],
    ["vapi", "a start", "D1", healthy, "stored", (id: string) => vapi(id).start(ofVapi)],
    ["vapi", "an end", "calls/", healthy, "stored", (id: string) => vapi(id).ended(ofVapi)],
    [
      "vapi",
      "a report",
      "calls/",
      healthy,
      "stored",
      (id: string) => vapi(id).report({ ...ofVapi, call: { ...vapi(id).call, ...ofVapi } }),
    ],
    [
      "vapi",
      "a start that does not fit",
      "quarantine/",
      healthy,
      422,
      (id: string) => vapi(id).start({ ...ofVapi, timestamp: "noon" }),
    ],
    [
      "vapi",
      "a message that nobody knows",
      "quarantine/",
      healthy,
      "quarantined",
      (id: string) => ({ message: { type: "new", call: { id }, ...ofVapi } }),
    ],
    [
      "vapi",
      "a start that breaks off",
      "quarantine/",
      healthy,
      400,
      (id: string) => brokenOff(vapi(id).start({ phoneNumber: textsOfVapi })),
    ],
    ["vapi", "a report while D1 is down", "parked/", D1, "parked", (id: string) => vapi(id).report(ofVapi)],
    ["vapi", "a report while R2 is down", "queue", R2, "parked", (id: string) => vapi(id).report(ofVapi)],
    ["vapi", "a report while both are down", "queue", both, "parked", (id: string) => vapi(id).report(ofVapi)],
    ["elevenlabs", "a transcription", "calls/", healthy, "stored", (id: string) => transcription(id)],
    [
      "elevenlabs",
      "one that does not fit",
      "quarantine/",
      healthy,
      422,
      (id: string) => transcription(id, { status: 1 }),
    ],
    [
      "elevenlabs",
      "one that nobody knows",
      "quarantine/",
      healthy,
      "quarantined",
      (id: string) => ({ ...transcription(id), type: "post_call_seance" }),
    ],
    [
      "elevenlabs",
      "one that breaks off",
      "quarantine/",
      healthy,
      400,
      (id: string) => brokenOff(transcription(id, variablesOfTexts)),
    ],
    ["elevenlabs", "one while D1 is down", "parked/", D1, "parked", (id: string) => transcription(id)],
    ["elevenlabs", "one while R2 is down", "queue", R2, "parked", (id: string) => transcription(id)],
    ["elevenlabs", "one while both are down", "queue", both, "parked", (id: string) => transcription(id)],
  ] as const)("%s: %s, into %s", async (platform, what, where, faults, result, make) => {
    const call_id = `${platform}-${what.replaceAll(" ", "-")}`;
    // One of its own for each, so that what one of them leaves behind fails no other.
    const secret = `${HUSH}.${call_id}.`;
    const made = make(call_id);
    const body = (typeof made === "string" ? made : JSON.stringify(made)).replaceAll(HUSH, secret);
    expect(body).toContain(secret);
    const answer = await ledger.send(platform, body, faults);
    expect(answer).toMatchObject(
      typeof result === "number" ? { status: result } : { status: 200, body: { status: result } },
    );

    if (where === "queue")
      await vi.waitFor(async () => expect(await ledger.rowOf(call_id)).toBeDefined(), { timeout: 100_000 });
    else if (where === "D1") expect(await ledger.rowOf(call_id)).toBeDefined();
    else {
      const kept = await ledger.objectsBelow(where);
      expect(Object.entries(kept).some(([key, text]) => key.startsWith(call_id) || text.includes(call_id))).toBe(true);
    }
    expect((await everything()).includes(secret)).toBe(false);
    if (where !== "parked/") return;
    await ledger.runCron();
    expect(await ledger.rowOf(call_id)).toMatchObject({ platform, transcript_key: `calls/${call_id}/transcript.json` });
    expect(await ledger.objectsBelow("parked/")).toEqual({});
    expect((await everything()).includes(secret)).toBe(false);
    // The digest is that of what is kept, so a repetition is one.
    expect(await ledger.send(platform, body)).toMatchObject({ status: 200, body: { status: "duplicate" } });
  });
});

test("a secret does not tell two deliveries apart", async () => {
  const [first, second] = ["1", "2"].map((token) => retellWebCall("other token", `${HUSH}-${token}`).end());
  expect(await ledger.send("retell", first)).toMatchObject({ body: { status: "stored" } });
  expect(await ledger.send("retell", second)).toMatchObject({ body: { status: "duplicate" } });
});

test.each([
  ["retell", retell("around-retell").end(), { call: { call_id: "around-retell", transcript_object: [{}, {}, {}] } }],
  [
    "vapi",
    vapi("around-vapi").report(ofVapi),
    {
      message: {
        phoneNumber: {
          ...{ provider: "twilio", number: "+15559876543", twilioAccountSid: "AC1" },
          ...{
            server: { url: "https://hooks.example.com" },
            authentication: { realm: "sip.vapi.ai", username: "desk" },
          },
        },
        assistant: { name: "Front desk", credentialIds: ["credential_1"], model: { provider: "custom-llm" } },
        cost: 0.1372,
      },
    },
  ],
  [
    "elevenlabs",
    transcription("around-elevenlabs"),
    {
      data: {
        metadata: transcription("").data.metadata,
        analysis: transcription("").data.analysis,
        conversation_initiation_client_data: {
          ...{ custom_llm_extra_body: { temperature: 0 }, dynamic_variables: { customer_name: "Ada" } },
        },
        transcript: [{ tool_calls: [{ tool_details: { url: "https://crm.example", body: "{}" } }] }],
      },
    },
  ],
] as const)("of %s, all that stands around a secret is archived", async (platform, body, rest) => {
  await ledger.send(platform, body);
  const archived = (await ledger.objectsOf(`around-${platform}`))["transcript.json"] ?? "";
  expect(JSON.parse(archived)).toMatchObject(rest);
});

test("a body that breaks off in a secret, however long, is cut off before it", async () => {
  const broken = `{"conversation_id":"c","secret__token":"${HUSH}\\"${"x".repeat(10_000_000)}`;
  const { body } = await receive(elevenlabs, await new Blob([broken]).arrayBuffer(), new Date());
  expect(await new Blob([body]).text()).toBe('{"conversation_id":"c","secret__token":null');
});

test.each([
  ...["credential", "credentials", "key", "auth", "Bearer", "token", "headers", "Authorization", "passphrase"],
  ...["secret", "twilioApiSecret", "twilioAuthToken", "authPassword", "openAIKey", "gcpKey", "vonagePrivateKey"],
  ...["awsSecretAccessKey", "azureSubscriptionKey", "x-api-key", "crm_auth", "proxy-authorization", "sipCredential"],
])("a member called %s is a secret of Vapi's", (name) => {
  expect(secretNames.test(name)).toBe(true);
});

test.each([
  ...["monkey", "keyboard", "author", "authorized", "keypad", "turkey", "bearing", "sort_key", "publicKey"],
  ...["pageToken", "maxTokens", "promptTokens", "credentialId", "credentialIds", "secretary", "prior_authorization"],
])("a member called %s is none", (name) => {
  expect(secretNames.test(name)).toBe(false);
});
