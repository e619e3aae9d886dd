import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../support/ask.ts";
import { customCall } from "../support/custom.ts";
import { ELEVENLABS_SECRET, elevenLabsCall, elevenLabsDigest, secondsNow } from "../support/elevenlabs.ts";
import { documentedCall } from "../support/events.ts";
import { everySecret, type PlatformName, postWith } from "../support/every-platform.ts";
import { bootEveryPlatform, digestOf, type EveryPlatformLedger } from "../support/platform-ledger.ts";
import { RETELL_SECRET, retellCall, retellSignature } from "../support/retell.ts";
import { VAPI_SECRET, vapiCall, vapiNoise, vapiSignature, vapiSignedHeaders } from "../support/vapi.ts";

const MAX_BODY_BYTES = 100_000;
const SECRETS = /key_of|server-secret|vapi_secret|wsec_|old-secret/;

let ledger: EveryPlatformLedger;
beforeAll(async () => {
  ledger = await bootEveryPlatform({
    RETELL_WEBHOOK_SECRETS: `key_of_last_year, ${RETELL_SECRET}\n key_of_next_year`,
    VAPI_WEBHOOK_SECRETS: `old-secret, ${VAPI_SECRET}\n vapi_secret`,
    ELEVENLABS_WEBHOOK_SECRETS: `wsec_last_year, ${ELEVENLABS_SECRET}\n wsec_next_year`,
    MAX_BODY_BYTES: String(MAX_BODY_BYTES),
  });
});
afterAll(() => ledger.harness.close());

type Sign = (body: string) => Record<string, string>;
const MINUTE = 60;
const hmac = (body: string, secret: string) => createHmac("sha256", secret).update(body).digest("hex");
const zeros = "0".repeat(64);

const retell =
  (change: (signature: string, body: string) => string, secret = RETELL_SECRET, seconds = 0): Sign =>
  (body) => ({ "X-Retell-Signature": change(retellSignature(body, secret, Date.now() + seconds * 1000), body) });

const vapi =
  (time: string, secret = VAPI_SECRET, names = ["X-Signature", "X-Timestamp"]): Sign =>
  (body) => ({ [`${names[0]}`]: vapiSignature(body, { secret, timestamp: time }), [`${names[1]}`]: time });
const vapiNames = ["X-Vapi-Signature", "X-Vapi-Timestamp"];
const vapiAlone =
  (change: (signature: string) => string, more: Record<string, string> = {}): Sign =>
  (body) => ({ "X-Signature": change(vapiSignature(body)), ...more });
const milliseconds = (minutes: number) => String(Date.now() + minutes * 60_000);
const seconds = (minutes: number) => String(secondsNow() + minutes * MINUTE);

const eleven =
  (write: (time: number, hex: string) => string, minutes = 0, secret = ELEVENLABS_SECRET): Sign =>
  (body) => {
    const time = secondsNow() + minutes * MINUTE;
    return { "ElevenLabs-Signature": write(time, elevenLabsDigest(body, secret, time)) };
  };
const plain = (time: number | string, hex: string) => `t=${time},v0=${hex}`;
const elevenAt =
  (time: string): Sign =>
  (body) => ({ "ElevenLabs-Signature": plain(time, elevenLabsDigest(body, ELEVENLABS_SECRET, time)) });

const same = (text: string) => text;
const bodyOf: Record<PlatformName, (call_id: string) => string> = {
  atoms: (call_id) => JSON.stringify(documentedCall({ call_id }).start()),
  retell: (call_id) => JSON.stringify(retellCall({ call_id }).start()),
  vapi: (call_id) => JSON.stringify(vapiCall({ call_id }).start()),
  elevenlabs: (call_id) => JSON.stringify(elevenLabsCall({ call_id }).transcription()),
  custom: (call_id) => JSON.stringify(customCall({ call_id }).start()),
};

test.each<[PlatformName, string, Sign]>([
  ["retell", "a secret that is about to go", retell(same, "key_of_last_year")],
  ["retell", "a secret that is to come", retell(same, "key_of_next_year")],
  ["retell", "upper case", retell((signature) => signature.toUpperCase())],
  ["retell", "a time four minutes ago", retell(same, RETELL_SECRET, -4 * MINUTE)],
  ["retell", "a time four minutes ahead", retell(same, RETELL_SECRET, 4 * MINUTE)],
  ["vapi", "the secret in X-Vapi-Secret", () => ({ "X-Vapi-Secret": VAPI_SECRET })],
  ["vapi", "the secret as a bearer token", () => ({ Authorization: `Bearer ${VAPI_SECRET}` })],
  ["vapi", "the secret as a bearer token, however it is written", () => ({ Authorization: `bearer  ${VAPI_SECRET}` })],
  ["vapi", "the secret in X-Vapi-Signature", () => ({ "X-Vapi-Signature": VAPI_SECRET })],
  ["vapi", "a secret that is about to go", () => ({ "X-Vapi-Secret": "old-secret" })],
  ["vapi", "an HMAC with a secret that is about to go", vapi(milliseconds(0), "old-secret")],
  ["vapi", "an HMAC with milliseconds", (body) => vapiSignedHeaders(body)],
  ["vapi", "an HMAC with seconds", vapi(seconds(0))],
  ["vapi", "an HMAC under the other names", vapi(milliseconds(0), VAPI_SECRET, vapiNames)],
  ["vapi", "an HMAC of the body alone", vapiAlone(same)],
  ["vapi", "an HMAC of the body alone, with a time beside it", vapiAlone(same, { "X-Timestamp": seconds(0) })],
  ["vapi", "an HMAC in capitals", vapiAlone((hex) => hex.toUpperCase())],
  ["vapi", "an HMAC with a prefix", vapiAlone((hex) => `sha256=${hex}`)],
  ["vapi", "an HMAC in base64", (body) => ({ "X-Signature": vapiSignature(body, { encoding: "base64" }) })],
  ["vapi", "an HMAC four minutes old", vapi(milliseconds(-4))],
  ["vapi", "an HMAC four minutes ahead", vapi(seconds(4))],
  [
    "vapi",
    "a right HMAC beside a wrong bearer",
    (body) => ({ ...vapiSignedHeaders(body), Authorization: "Bearer of news" }),
  ],
  ["elevenlabs", "a secret that is about to go", eleven(plain, 0, "wsec_last_year")],
  ["elevenlabs", "a secret that is to come", eleven(plain, 0, "wsec_next_year")],
  ["elevenlabs", "upper case", eleven((t, hex) => plain(t, hex.toUpperCase()))],
  ["elevenlabs", "white space", eleven((t, hex) => ` t=${t} , v0=${hex} `)],
  ["elevenlabs", "another order", eleven((t, hex) => `v0=${hex},t=${t}`)],
  ["elevenlabs", "several signatures, the last one right", eleven((t, hex) => `t=${t},v0=${zeros},v0=${hex}`)],
  ["elevenlabs", "several signatures, the first one right", eleven((t, hex) => `t=${t},v0=${hex},v0=${zeros}`)],
  ["elevenlabs", "other schemes besides", eleven((t, hex) => `t=${t},v1=${zeros},v0=${hex},v2=what`)],
  ["elevenlabs", "six signatures", eleven((t, hex) => `t=${t},${`v0=${zeros},`.repeat(5)}v0=${hex}`)],
  ["elevenlabs", "a time 29 minutes ago", eleven(plain, -29)],
  ["elevenlabs", "a time 29 minutes ahead", eleven(plain, 29)],
])("%s: %s is right", async (platform, what, sign) => {
  const body = bodyOf[platform](`right ${platform} ${what}`);
  expect(await postWith(sign(body), platform, ledger.url, body)).toMatchObject({
    status: 200,
    body: { status: "stored" },
  });
});

describe("a signature that is not right", () => {
  let before: unknown;
  beforeAll(async () => {
    before = await ledger.inventory();
  });

  test.each<[PlatformName, string, Sign]>([
    ["retell", "none", () => ({})],
    ["retell", "that of another platform", (body) => ({ "X-Signature": hmac(body, RETELL_SECRET) })],
    ["retell", "an empty one", retell(() => "")],
    ["retell", "none of Retell's form", retell(() => "f".repeat(64))],
    ["retell", "one with another secret", retell(same, "another")],
    ["retell", "one over another body", (body) => ({ "X-Retell-Signature": retellSignature(`${body} `) })],
    [
      "retell",
      "one over the body alone",
      retell((signature, body) => signature.replace(/d=.*/, `d=${hmac(body, RETELL_SECRET)}`)),
    ],
    [
      "retell",
      "one of another time than it says",
      retell((signature) => signature.replace(/v=\d+/, `v=${Date.now() - 60}`)),
    ],
    ["retell", "one six minutes old", retell(same, RETELL_SECRET, -6 * MINUTE)],
    ["retell", "one six minutes ahead", retell(same, RETELL_SECRET, 6 * MINUTE)],
    ["retell", "one too short", retell((signature) => signature.slice(0, -2))],
    ["retell", "an enormous one", retell((signature) => signature.replace("v=", `v=${"0".repeat(10_000)}`))],
    ["vapi", "none", () => ({})],
    ["vapi", "an empty secret", () => ({ "X-Vapi-Secret": "" })],
    ["vapi", "another secret", () => ({ "X-Vapi-Secret": "another-secret-of-the-test" })],
    ["vapi", "a part of the secret", () => ({ "X-Vapi-Secret": VAPI_SECRET.slice(1) })],
    ["vapi", "the whole setting", () => ({ "X-Vapi-Secret": `old-secret, ${VAPI_SECRET}` })],
    ["vapi", "the secret in other letters", () => ({ "X-Vapi-Secret": VAPI_SECRET.toUpperCase() })],
    ["vapi", "another bearer token", () => ({ Authorization: "Bearer another" })],
    ["vapi", "the secret by another scheme", () => ({ Authorization: `Basic ${VAPI_SECRET}` })],
    ["vapi", "the secret in the header of signatures", () => ({ "X-Signature": VAPI_SECRET })],
    ["vapi", "no signature's form", () => ({ "X-Signature": "z".repeat(64) })],
    ["vapi", "one too short", vapiAlone((hex) => hex.slice(2))],
    ["vapi", "an enormous one", vapiAlone((hex) => hex.repeat(100))],
    ["vapi", "one with another secret", (body) => ({ "X-Signature": vapiSignature(body, { secret: "another" }) })],
    ["vapi", "one of another body", (body) => ({ "X-Signature": vapiSignature(`${body} `) })],
    ["vapi", "one with another time", (body) => ({ ...vapiSignedHeaders(body), "X-Timestamp": milliseconds(-0.01) })],
    [
      "vapi",
      "one with its time taken off",
      (body) => ({ "X-Signature": vapiSignature(body, { timestamp: milliseconds(0) }) }),
    ],
    ["vapi", "one six minutes old", vapi(milliseconds(-6))],
    ["vapi", "one six minutes old, in seconds", vapi(seconds(-6))],
    ["vapi", "one six minutes old, under the other names", vapi(seconds(-6), VAPI_SECRET, vapiNames)],
    ["vapi", "one six minutes ahead", vapi(milliseconds(6))],
    ["vapi", "one with a time in microseconds", vapi(`${milliseconds(0)}000`)],
    ["vapi", "one with a time that is none", vapi("soon")],
    ["vapi", "one of the body alone, with an old time beside it", vapiAlone(same, { "X-Timestamp": seconds(-6) })],
    ["elevenlabs", "none", () => ({})],
    ["elevenlabs", "that of another platform", (body) => ({ "X-Signature": hmac(body, ELEVENLABS_SECRET) })],
    ["elevenlabs", "an empty one", eleven(() => "")],
    ["elevenlabs", "none of ElevenLabs' form", eleven(() => "invalid_format")],
    ["elevenlabs", "a time alone", eleven((t) => `t=${t}`)],
    ["elevenlabs", "one without a time", eleven((_t, hex) => `v0=${hex}`)],
    ["elevenlabs", "one too short", eleven((t, hex) => plain(t, hex.slice(0, -2)))],
    ["elevenlabs", "one that is not hex", eleven((t) => plain(t, "z".repeat(64)))],
    ["elevenlabs", "one of another scheme", eleven((t, hex) => `t=${t},v1=${hex}`)],
    ["elevenlabs", "one with another secret", eleven(plain, 0, "wsec_of_somebody_else")],
    ["elevenlabs", "one with an empty secret", eleven(plain, 0, "")],
    [
      "elevenlabs",
      "one with the whole setting",
      eleven(plain, 0, `wsec_last_year, ${ELEVENLABS_SECRET}\n wsec_next_year`),
    ],
    ["elevenlabs", "one over another body", (body) => eleven(plain)(`${body} `)],
    ["elevenlabs", "one over the body alone", (body) => eleven((t) => plain(t, hmac(body, ELEVENLABS_SECRET)))(body)],
    ["elevenlabs", "one of another time than it says", eleven((t, hex) => plain(t - 60, hex))],
    ["elevenlabs", "one 31 minutes old", eleven(plain, -31)],
    ["elevenlabs", "one 31 minutes ahead", eleven(plain, 31)],
    ["elevenlabs", "one a year old", eleven(plain, -365 * 24 * 60)],
    ["elevenlabs", "one in milliseconds", elevenAt(milliseconds(0))],
    ["elevenlabs", "one at no time", elevenAt("now")],
    ["elevenlabs", "one at a negative time", elevenAt(`-${secondsNow()}`)],
    ["elevenlabs", "one among a hundred others", eleven((t, hex) => `${plain(t, hex)}${`,v0=${zeros}`.repeat(100)}`)],
    ["elevenlabs", "one right for the second of two times", eleven((t, hex) => `t=${t - 3600},${plain(t, hex)}`)],
    ["atoms", "that of Retell", (body) => ({ ...retell(same)(body), "X-Signature": hmac(body, RETELL_SECRET) })],
    ["atoms", "that of ElevenLabs", eleven(plain)],
  ])("%s: %s is refused, and the answer says nothing of secrets and bodies", async (platform, what, sign) => {
    const body = bodyOf[platform](`discreet ${what}`);
    const answer = await postWith(sign(body), platform, ledger.url, body);
    expect(answer).toMatchObject({ status: 401, type: "application/problem+json", body: { status: 401 } });
    expect(JSON.stringify(answer.body)).not.toMatch(SECRETS);
    expect(JSON.stringify(answer.body)).not.toMatch(/discreet|\+1/);
  });

  test.each(["{broken", JSON.stringify(elevenLabsCall({ call_id: "forged" }).audio())])(
    "is refused before the body is parsed: %s",
    async (body) => {
      const headers = { "ElevenLabs-Signature": plain(secondsNow(), zeros) };
      expect(await postWith(headers, "elevenlabs", ledger.url, body)).toMatchObject({ status: 401 });
    },
  );

  test("says what is wrong with it, each in its words", async () => {
    const body = bodyOf.vapi("discreet");
    const signs = [() => ({}), () => ({ "X-Signature": "x" }), () => ({ "X-Vapi-Secret": "x" }), vapi("5")];
    const answers = await Promise.all(signs.map((sign) => postWith(sign(body), "vapi", ledger.url, body)));
    expect(new Set(answers.map(({ body }) => Object(body).detail)).size).toBe(signs.length);
  });

  test("leaves nothing behind", async () => {
    expect(await ledger.inventory()).toEqual(before);
  });
});

test.each([
  [undefined, "hex", "f8b80960b232885eafe00f2a4aac64e246708218a47d98e6104b7f57d7b8dbdb"],
  ["1750000000000", "hex", "069338d045d8d480fff80877fe360429f4ab83c51d38ebc6b420c992c3b0473a"],
  ["1750000000", "hex", "269386457b1ecb7b6023ae0382108f9894520f8e94226280e2e20d22018ec661"],
  ["1750000000000", "base64", "BpM40EXY1ID/+Ah3/jYEKfSrg8UdOOvGtCDJksOwRzo="],
] as const)("Vapi's reference has for the time %s in %s %s", async (timestamp, encoding, signature) => {
  const body = '{"message":{"type":"status-update","status":"in-progress","call":{"id":"call_1"}}}';
  const options = { secret: "vapi_secret", encoding, ...(timestamp !== undefined && { timestamp }) };
  expect(vapiSignature(body, options)).toBe(signature);
  if (timestamp !== undefined) return;
  const answer = await postWith({ "X-Signature": signature }, "vapi", ledger.url, body);
  expect(answer).toMatchObject({ status: 200, body: { call_id: "call_1" } });
});

const { call } = vapiCall({ call_id: "unfit" });
test.each<[PlatformName, number, string, unknown, string]>([
  ["retell", 422, "invalid", retellCall({ call_id: "unfit" }).end({ duration_ms: "1" }), "call.duration_ms"],
  ["vapi", 422, "invalid", vapiCall({ call_id: "unfit" }).report({ timestamp: "noon" }), "message.timestamp"],
  ["elevenlabs", 422, "invalid", elevenLabsCall({ call_id: "unfit" }).transcription({ status: 1 }), "data.status"],
  ["retell", 200, "unrecognised", { event: "call_teleported", call: { call_id: "unfit" } }, ""],
  ["vapi", 200, "unrecognised", { message: { type: "call.started", call } }, ""],
  ["elevenlabs", 200, "unrecognised", { type: "post_call_transcription_otel", data: { otlp_traces: {} } }, ""],
  ...(["retell", "vapi", "elevenlabs"] as const).flatMap((platform) =>
    ["{broken", "[]", "null", '"text"', ""].map((body): [PlatformName, number, string, unknown, string] => [
      platform,
      400,
      "not-an-object",
      body,
      "",
    ]),
  ),
  // Thousands of seconds of words are never looked at, and yet must be JSON.
  ...['"end":00.98', '"end":0.98,,', '"end":0.98\n"'].map((wrong): [PlatformName, number, string, unknown, string] => {
    const body = JSON.stringify(retellCall({ call_id: wrong }).end()).replaceAll('"end":0.98', wrong);
    return ["retell", 400, "not-an-object", body, ""];
  }),
])("%s: %i, and in quarantine, %s: %j", async (platform, status, reason, payload, path) => {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  const answer = await ledger.send(platform, body);
  expect(answer.status).toBe(status);
  const about = { detail: expect.stringContaining(path) };
  expect(await ledger.quarantined(platform, body)).toMatchObject({ platform, reason, text: body, ...about });
  if (status === 200)
    expect(answer.body).toEqual({ status: "quarantined", reason, event_id: digestOf(platform, body) });
  else expect(answer.type).toBe("application/problem+json");
  if (status === 422) expect(answer.body).toMatchObject({ errors: [{ path, message: expect.any(String) }] });
  expect(await ledger.rowOf("unfit")).toBeUndefined();
});

const long = "x".repeat(MAX_BODY_BYTES);
const [noise] = vapiNoise("noise");
test.each<[PlatformName, string, object]>([
  [
    "retell",
    "news of a transcript",
    { event: "transcript_updated", call: retellCall({ call_id: "noise" }).end().call },
  ],
  ["retell", "a long one, its name last", { call: { transcript: long.slice(1_000) }, event: "transcript_updated" }],
  ["vapi", "a message of the middle of a call", noise ?? {}],
  ["vapi", "a long one, its type last", { message: { artifact: long.slice(1_000), type: "conversation-update" } }],
  ["elevenlabs", "a recording", elevenLabsCall({ call_id: "noise" }).audio()],
  ["elevenlabs", "a long one, its type last", { data: { full_audio: long.slice(1_000) }, type: "post_call_audio" }],
])("%s: %s is ignored while every store is down, since none is asked", async (platform, _what, body) => {
  const before = await ledger.inventory();
  const answer = await ledger.send(platform, body, { D1: "before", R2: "before", queue: "before" });
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ status: "ignored" });
  expect(await ledger.inventory()).toEqual(before);
});

test.each<[PlatformName, object]>([
  ["retell", { event: "transcript_updated", call: { transcript: long } }],
  ["vapi", { message: { type: "conversation-update", artifact: long } }],
  ["elevenlabs", elevenLabsCall({ call_id: "noise" }).audio(long)],
  ["elevenlabs", elevenLabsCall({ call_id: "long" }).transcription({ transcript: [{ role: "user", message: long }] })],
])("%s: a body over the limit is refused, of whatever kind", async (platform, body) => {
  expect(await ledger.send(platform, body)).toMatchObject({ status: 413 });
});

test("a caller who says that something is a recording is heard all the same", async () => {
  const message = '{"type":"post_call_audio","data":{"full_audio":"';
  const body = elevenLabsCall({ call_id: "quoting" }).transcription({
    agent_name: message,
    transcript: [{ role: "user", message }],
  });
  expect(await ledger.send("elevenlabs", body)).toMatchObject({ status: 200, body: { status: "stored" } });
});

test.each<[PlatformName, (call_id: string) => object[], (call_id: string) => object[]]>([
  [
    "retell",
    (call_id) => [retellCall({ call_id }).start()],
    (call_id) => [retellCall({ call_id }).end(), retellCall({ call_id }).end({ duration_ms: "1" })],
  ],
  [
    "vapi",
    (call_id) => [vapiCall({ call_id }).start()],
    (call_id) => [vapiCall({ call_id }).report(), vapiCall({ call_id }).start({ type: "status-changed" })],
  ],
  [
    "elevenlabs",
    (call_id) => [elevenLabsCall({ call_id }).transcription()],
    (call_id) => [
      elevenLabsCall({ call_id }).initiationFailure(),
      elevenLabsCall({ call_id }).transcription({ status: 1 }),
    ],
  ],
])(
  "%s: of an erased call nothing comes back, and what does not fit is not in quarantine either",
  async (platform, first, late) => {
    const call_id = `erased-${platform}`;
    for (const body of first(call_id)) await ledger.send(platform, body);
    const { body } = await ask(ledger.url, `/api/calls/${call_id}`, { method: "DELETE" });
    const jobStatus = async () => (await ask(ledger.url, `/api/jobs/${Object(body).job}`)).body;
    await expect.poll(jobStatus, { timeout: 100_000 }).toMatchObject({ status: "complete" });
    const before = await ledger.inventory();
    for (const body of late(call_id)) {
      expect(await ledger.send(platform, body)).toMatchObject({ status: 200, body: { status: "erased", call_id } });
    }
    expect(await ledger.inventory()).toEqual(before);
  },
);

test("every secret of the tests is one that an answer is searched for", () => {
  const { retell, vapi, elevenlabs } = everySecret;
  for (const secret of [retell, vapi, elevenlabs]) expect(secret).toMatch(SECRETS);
});
