import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { addressProblem } from "../src/recordings/address.ts";
import { audioKind } from "../src/recordings/audio.ts";
import { callIdOf, endedCall, startAtomsConversations } from "./platform-apis/atoms-conversations.ts";
import { ask } from "./support/ask.ts";
import { atomsCall } from "./support/events.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";
import { startRecordings, wavOf } from "./support/recordings.ts";
import { signIn } from "./support/sign-in.ts";
import { runCron } from "./support/stores/relay.ts";

let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
const lines: string[] = [];
let server: Awaited<ReturnType<typeof startRecordings>>;
let atoms: Awaited<ReturnType<typeof startAtomsConversations>>;
let pages: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  server = await startRecordings();
  atoms = await startAtomsConversations();
  ledger = await bootOnNetwork({
    main: "test/support/recordings-ledger.ts",
    env: { ARCHIVE_RECORDINGS: "on", ATOMS_API_KEY: "sk_atoms", ATOMS_API_BASE: atoms.url },
    onLog: (line) => lines.push(line),
  });
  pages = await signIn(ledger.url);
});
afterAll(async () => {
  await ledger.close();
  await server.close();
  await atoms.close();
});

const rowSchema = z.object({
  state: z.string(),
  attempts: z.number(),
  attempt_id: z.string().nullable(),
  reason: z.string().nullable(),
  due_at: z.string().nullable(),
  recording_key: z.string().nullable(),
});

const rowOf = async (call_id: string) =>
  rowSchema.nullable().parse(
    await ledger.DB.prepare(
      `SELECT state, attempts, attempt_id, reason, due_at, recording_key FROM ledger_recordings JOIN calls USING (id)
       WHERE call_id = ?`,
    )
      .bind(call_id)
      .first(),
  );

const until = (call_id: string, expected: Partial<z.infer<typeof rowSchema>>) =>
  vi.waitFor(async () => expect(await rowOf(call_id)).toMatchObject(expected), { timeout: 100_000, interval: 30 });

/** An attempt ended, and another is due. */
const untilTried = (call_id: string, attempts: number) =>
  until(call_id, { state: "pending", attempts, attempt_id: null });

const minutes = (count: number) => new Date(Date.now() + count * 60_000);
const send = (call_id: string, recordingUrl: string) => post(ledger.url, atomsCall({ call_id }).end({ recordingUrl }));
/** A later event of the same call, with another address. */
const correct = (call_id: string, recordingUrl: string) =>
  post(ledger.url, {
    ...atomsCall({ call_id }).end({ recordingUrl, callData: { endTime: "2024-07-15T15:31:03.350Z" } }),
    id: `${call_id}-corrected`,
  });
const objectOf = async (key: string) => {
  const object = await ledger.ARCHIVE.get(key);
  return object && { bytes: Buffer.from(await object.arrayBuffer()), type: object.httpMetadata?.contentType };
};
const keysOf = async (call_id: string) =>
  (await ledger.ARCHIVE.list({ prefix: `calls/${call_id}/` })).objects.map(({ key }) => key);
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, ledger.url), { headers: { Authorization: "Bearer token-of-the-tests", ...headers } });

describe("a recording is kept byte for byte", () => {
  test.each([
    ["small, of stated length", 2_000, true],
    ["large, of stated length", 11_000_001, true],
    ["small, of unknown length", 2_000, false],
    ["large, of unknown length", 11_000_001, false],
    ["two parts to the byte", 10 * 1024 * 1024, false],
  ])("%s", async (name, bytes, isStated) => {
    const audio = wavOf(bytes);
    const path = `/${bytes}-${isStated}.wav`;
    const address = server.behave(path, (response) => {
      response.writeHead(200, isStated ? { "Content-Length": bytes } : {}).end(audio);
    });
    const call_id = name.replaceAll(/\W/g, "-");
    expect(await send(call_id, address)).toMatchObject({ body: { status: "stored" } });
    await until(call_id, { state: "kept", attempts: 1, reason: null, due_at: null });
    const key = `calls/${call_id}/recording.wav`;
    expect(await rowOf(call_id)).toMatchObject({ recording_key: key });
    const object = await objectOf(key);
    expect(object?.bytes.equals(audio)).toBe(true);
    expect(object?.type).toBe("audio/wav");
    const [{ headers } = { headers: {} }] = server.requests.filter((one) => one.path === path);
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(["cookie"]));
    expect(headers).not.toHaveProperty("authorization");
    expect(headers).not.toHaveProperty("referer");
  });

  test("once, however often the event is repeated", async () => {
    const address = server.behave("/once.wav", (response) => response.end(wavOf(1_000)));
    for (let nth = 0; nth < 3; nth++) await send("once", address);
    await until("once", { state: "kept" });
    await runCron(ledger.url, minutes(60));
    expect(server.countOf("/once.wav")).toBe(1);
  });

  test("by its media type where its first bytes tell nothing", async () => {
    const address = server.behave("/basic", (response) =>
      response.writeHead(200, { "Content-Type": "audio/basic; rate=8000" }).end(Buffer.alloc(500, 0x7f)),
    );
    await send("basic", address);
    await until("basic", { state: "kept", recording_key: "calls/basic/recording.audio" });
    expect((await objectOf("calls/basic/recording.audio"))?.type).toBe("audio/basic");
  });

  test("behind redirects", async () => {
    server.behave("/hop-2", (response) => response.writeHead(307, { Location: "/target.wav?token=secret" }).end());
    server.behave("/target.wav?token=secret", (response) => response.end(wavOf(900)));
    const address = server.behave("/hop-1", (response) =>
      response.writeHead(302, { Location: `${server.url}/hop-2` }).end(),
    );
    await send("redirected", address);
    await until("redirected", { state: "kept" });
    expect((await objectOf("calls/redirected/recording.wav"))?.bytes.equals(wavOf(900))).toBe(true);
  });
});

describe("what cannot be had is tried again, with a reason", () => {
  test.each<[string, Parameters<typeof server.behave>[1], string]>([
    ["a page", (to) => to.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Sign in</h1>"), "no audio"],
    [
      "a page that claims to be audio",
      (to) => to.writeHead(200, { "Content-Type": "audio/wav" }).end("<html>"),
      "no audio",
    ],
    ["nothing", (to) => to.writeHead(200, { "Content-Type": "audio/wav", "Content-Length": 0 }).end(), "nothing"],
    ["no such file", (to) => to.writeHead(404).end("gone"), "answered 404"],
    ["no answer", () => {}, "nothing came for 1 s"],
    [
      "a beginning and then nothing",
      (to) => to.writeHead(200, { "Content-Length": 9000 }).write(wavOf(100)),
      "nothing came for",
    ],
    ["a beginning of unknown length", (to) => to.writeHead(200).write(wavOf(6_000_000)), "nothing came for"],
    [
      "a broken connection",
      (to) => {
        to.writeHead(200, { "Content-Length": 9000 }).write(wavOf(100), () => to.destroy());
      },
      "the connection failed",
    ],
    [
      "drops for ever",
      (to) => {
        const timer = setInterval(() => to.write(wavOf(100)), 100);
        to.on("close", () => clearInterval(timer));
      },
      "longer than 3 s",
    ],
    ["redirects for ever", (to) => to.writeHead(302, { Location: "?again" }).end(), "redirects more than 5 times"],
    ["a redirect to nowhere", (to) => to.writeHead(302).end(), "redirects to no address"],
    [
      "a redirect into a private network",
      (to) => to.writeHead(302, { Location: "https://10.0.0.1/a.wav" }).end(),
      "redirects to an address that is of no public name",
    ],
    [
      "a redirect to plain http",
      (to) => to.writeHead(302, { Location: "http://recordings.example.com/" }).end(),
      "redirects to an address that is not https",
    ],
    [
      "a redirect to a file",
      (to) => to.writeHead(302, { Location: "file:///etc/passwd" }).end(),
      "redirects to an address that is not https",
    ],
  ])("%s", async (name, behave, reason) => {
    const call_id = name.replaceAll(/\W/g, "-");
    const address = server.behave(`/${call_id}`, behave);
    if (call_id === "redirects-for-ever") server.behave(`/${call_id}?again`, behave);
    const before = Date.now();
    await send(call_id, address);
    await untilTried(call_id, 1);
    const row = await rowOf(call_id);
    expect(row?.reason).toContain(reason);
    expect(row?.reason).not.toContain(server.url);
    expect(Date.parse(row?.due_at ?? "")).toBeGreaterThanOrEqual(before + 60_000);
    expect((await keysOf(call_id)).filter((key) => key.includes("recording"))).toEqual([]);
  });

  test("an address that has expired is asked for anew at the platform, and not stored", async () => {
    const call_id = callIdOf(60);
    const address = server.behave(`/${call_id}.wav`, (response) => response.writeHead(403).end());
    server.behave(`/${call_id}.wav?fresh=1`, (response) => response.end(wavOf(800)));
    atoms.put(endedCall(call_id, { recordingUrl: address }));
    await send(call_id, address);
    await until(call_id, { state: "kept", attempts: 1 });
    expect((await objectOf(`calls/${call_id}/recording.wav`))?.bytes.equals(wavOf(800))).toBe(true);
    expect((await ask(ledger.url, `/api/calls/${call_id}`)).body).toMatchObject({ call: { recording_url: address } });
    expect(server.requests.map(({ headers }) => headers.authorization)).not.toContain("Bearer sk_atoms");
  });

  test("404 and then the audio: the next attempt has it", async () => {
    const address = server.behave("/later.wav", (response, nth) =>
      nth === 1 ? response.writeHead(404).end() : response.end(wavOf(700)),
    );
    await send("later", address);
    await untilTried("later", 1);
    await runCron(ledger.url, new Date());
    expect(server.countOf("/later.wav")).toBe(1);
    await runCron(ledger.url, minutes(2));
    await until("later", { state: "kept", attempts: 2, reason: null });
  });

  test("over a day, and is then given up, counted and shown", async () => {
    const address = server.behave("/never.wav", (response) => response.writeHead(403).end());
    await send("never", address);
    const dueAfter: number[] = [];
    for (let attempts = 1; attempts < 8; attempts++) {
      await untilTried("never", attempts);
      const { due_at } = (await rowOf("never")) ?? {};
      dueAfter.push(Math.round((Date.parse(due_at ?? "") - Date.now()) / 60_000));
      await runCron(ledger.url, minutes(24 * 60));
    }
    expect(dueAfter).toEqual([1, 5, 15, 60, 180, 360, 720]);
    await until("never", { state: "failed", attempts: 8, due_at: null, reason: "its address answered 403" });
    await runCron(ledger.url, minutes(48 * 60));
    expect(server.countOf("/never.wav")).toBe(8);

    const { text } = await pages.visit("/calls/never");
    expect(text).toContain(
      "The ledger could not copy the recording: its address answered 403 . It gave up after 8 attempts",
    );
    expect(text).toContain("Recording Listen");
    expect((await pages.visit("/?range=own&from=2024-07-15&to=2024-07-15")).text).toMatch(
      /\d recordings? could not be copied and (?:was|were) given up in the last seven days/,
    );
  });

  test("too large is given up at once, stated or not", async () => {
    const stated = server.behave("/stated.wav", (to) =>
      to.writeHead(200, { "Content-Length": 12_000_001 }).flushHeaders(),
    );
    const unstated = server.behave("/unstated.wav", (to) => to.writeHead(200).end(wavOf(12_000_001)));
    await send("too-large", stated);
    await send("too-large-unstated", unstated);
    for (const call_id of ["too-large", "too-large-unstated"]) {
      await until(call_id, { state: "failed", attempts: 1, reason: "it is larger than 12 MB" });
      expect(await keysOf(call_id)).toEqual([`calls/${call_id}/transcript.json`]);
    }
  });

  test("an address that no attempt would change is given up at once", async () => {
    await send("forbidden", "http://169.254.169.254/latest/meta-data/");
    await until("forbidden", { state: "failed", attempts: 1, reason: "its address is not https" });
    await send("no-address", "recording of the call");
    await until("no-address", { state: "failed", attempts: 1, reason: "its address is none" });
  });

  test("an attempt that came to no end is made again, and the recording is given up in the end", async () => {
    const address = server.behave("/killed.wav", (response) => response.end(wavOf(300)));
    await send("killed", address);
    await until("killed", { state: "kept" });
    // As one whose runtime was killed in the middle.
    const interrupt = (attempts: number) =>
      ledger.DB.prepare(
        `UPDATE ledger_recordings SET state = 'pending', attempts = ?, attempt_id = 'lost', due_at = ?
         WHERE id = (SELECT id FROM calls WHERE call_id = 'killed')`,
      )
        .bind(attempts, minutes(15).toISOString())
        .run();
    await interrupt(1);
    await runCron(ledger.url, minutes(14));
    expect(await rowOf("killed")).toMatchObject({ state: "pending", attempt_id: "lost" });
    await runCron(ledger.url, minutes(16));
    await until("killed", { state: "kept", attempts: 2 });
    await interrupt(8);
    await runCron(ledger.url, minutes(16));
    expect(await rowOf("killed")).toMatchObject({ state: "failed", reason: "no attempt came to an end" });
  });
});

describe("a correction", () => {
  test("with another address is fetched anew and takes the place of the first, whatever its kind", async () => {
    const first = server.behave("/first.wav", (response) => response.end(wavOf(400)));
    const mp3 = Buffer.concat([Buffer.from("ID3"), Buffer.alloc(500, 7)]);
    const second = server.behave("/second.mp3", (response) => response.end(mp3));
    await send("corrected", first);
    await until("corrected", { state: "kept", recording_key: "calls/corrected/recording.wav" });
    await correct("corrected", second);
    await until("corrected", { state: "kept", attempts: 1, recording_key: "calls/corrected/recording.mp3" });
    await vi.waitFor(
      async () =>
        expect((await keysOf("corrected")).filter((key) => key.includes("recording"))).toEqual([
          "calls/corrected/recording.mp3",
        ]),
      { timeout: 100_000 },
    );
    expect((await objectOf("calls/corrected/recording.mp3"))?.bytes.equals(mp3)).toBe(true);
  });

  test("that comes in during an attempt waits for its end, and has the last word", async () => {
    let release = () => {};
    const first = server.behave("/slow.wav", (response) => {
      response.writeHead(200, { "Content-Length": 400 }).write(wavOf(400).subarray(0, 100));
      release = () => response.end(wavOf(400).subarray(100));
    });
    const second = server.behave("/quick.wav", (response) => response.end(wavOf(600)));
    await send("overtaken", first);
    await vi.waitFor(() => expect(server.countOf("/slow.wav")).toBe(1), { timeout: 100_000 });
    await correct("overtaken", second);
    expect(server.countOf("/quick.wav")).toBe(0);
    release();
    await untilTried("overtaken", 0);
    await runCron(ledger.url, minutes(1));
    await until("overtaken", { state: "kept", attempts: 1 });
    expect((await objectOf("calls/overtaken/recording.wav"))?.bytes.equals(wavOf(600))).toBe(true);
  });
});

describe("GET /api/calls/{call_id}/recording", () => {
  const audio = wavOf(5_000);
  beforeAll(async () => {
    await send(
      "played",
      server.behave("/played.wav", (response) => response.end(audio)),
    );
    await until("played", { state: "kept" });
  });

  test("answers with the whole, or with a part", async () => {
    const whole = await get("/api/calls/played/recording");
    expect(whole.status).toBe(200);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      "content-type": "audio/wav",
      "content-length": "5000",
      "accept-ranges": "bytes",
      "cache-control": "private, no-store",
      "x-content-type-options": "nosniff",
    });
    expect(Buffer.from(await whole.arrayBuffer()).equals(audio)).toBe(true);
    const etag = whole.headers.get("ETag") ?? "";
    for (const [range, from, to] of [
      ["bytes=0-0", 0, 0],
      ["bytes=100-199", 100, 199],
      ["bytes=4990-", 4990, 4999],
      ["bytes=4990-9999999", 4990, 4999],
      ["bytes=-10", 4990, 4999],
      ["bytes=-99999", 0, 4999],
    ] as const) {
      const part = await get("/api/calls/played/recording", { Range: range, "If-Range": etag });
      expect(part.status, range).toBe(206);
      expect(part.headers.get("Content-Range")).toBe(`bytes ${from}-${to}/5000`);
      expect(part.headers.get("Content-Length")).toBe(String(to - from + 1));
      expect(Buffer.from(await part.arrayBuffer()).equals(audio.subarray(from, to + 1)), range).toBe(true);
    }
  });

  test.each(["bytes=5000-", "bytes=9999-10000", "bytes=-0"])("%s is not there: 416", async (Range) => {
    const answer = await get("/api/calls/played/recording", { Range });
    expect(answer.status).toBe(416);
    expect(answer.headers.get("Content-Range")).toBe("bytes */5000");
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  });

  test.each<Record<string, string>>([
    { Range: "bytes=1-2,4-5" },
    { Range: "bytes=9-3" },
    { Range: "lines=1-2" },
    { Range: "bytes=0-9", "If-Range": '"another"' },
  ])("%j is answered with the whole", async (headers) => {
    const answer = await get("/api/calls/played/recording", headers);
    expect(answer.status).toBe(200);
    expect((await answer.arrayBuffer()).byteLength).toBe(5_000);
  });

  test("is 404 where there is none, and 401 for strangers", async () => {
    await send(
      "without",
      server.behave("/without", (response) => response.writeHead(404).end()),
    );
    for (const call_id of ["without", "nobody"]) {
      expect(await ask(ledger.url, `/api/calls/${call_id}/recording`)).toMatchObject({ status: 404 });
    }
    for (const path of ["/api/calls/played/recording", "/calls/played/recording"]) {
      const answer = await fetch(new URL(path, ledger.url), { redirect: "manual" });
      expect([401, 303]).toContain(answer.status);
    }
  });

  test("its page plays it, from an address of this host", async () => {
    const { html, headers, text } = await pages.visit("/calls/played");
    expect(html).toMatch(/<audio [^>]*controls[^>]* src="\/calls\/played\/recording" data-started-at="2024-07-15T/);
    expect(html).toContain('preload="none"');
    expect(headers.get("Content-Security-Policy")).toContain("media-src 'self'");
    expect(text).not.toContain("Listen");
    const answer = await pages.visit("/calls/played/recording");
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers.get("Content-Type")).toBe("audio/wav");
    expect((await ask(ledger.url, "/api/calls/played")).body).toMatchObject({
      call: { recording_key: "calls/played/recording.wav" },
    });
  });
});

describe("an erasure", () => {
  const erase = async (call_id: string) => {
    const { body } = await ask(ledger.url, `/api/calls/${call_id}`, { method: "DELETE" });
    const { job } = z.object({ job: z.string() }).parse(body);
    await vi.waitFor(
      async () => expect((await ask(ledger.url, `/api/jobs/${job}`)).body).toMatchObject({ status: "complete" }),
      { timeout: 100_000, interval: 30 },
    );
  };

  test("takes the recording along", async () => {
    await send(
      "gone",
      server.behave("/gone.wav", (response) => response.end(wavOf(400))),
    );
    await until("gone", { state: "kept" });
    await erase("gone");
    expect(await keysOf("gone")).toEqual([]);
    expect(await rowOf("gone")).toBeNull();
    expect((await get("/api/calls/gone/recording")).status).toBe(404);
  });

  test("an upload under way leaves nothing behind", async () => {
    let release = () => {};
    const address = server.behave("/under-way.wav", (response) => {
      response.writeHead(200, { "Content-Length": 400 }).write(wavOf(400).subarray(0, 100));
      release = () => response.end(wavOf(400).subarray(100));
    });
    await send("under-way", address);
    await vi.waitFor(() => expect(server.countOf("/under-way.wav")).toBe(1), { timeout: 100_000 });
    await erase("under-way");
    const deleted = vi.waitFor(
      async () => {
        expect(lines.join()).toMatch(/under-way[^}]*erased/);
      },
      { timeout: 100_000, interval: 30 },
    );
    release();
    await deleted;
    expect(await keysOf("under-way")).toEqual([]);
    // As one whose runtime ended before it looked whether the call is still there.
    await ledger.ARCHIVE.put("calls/under-way/recording.wav", wavOf(400));
    await runCron(ledger.url, minutes(11));
    expect(await keysOf("under-way")).toEqual([]);
  });
});

test("/healthz counts what was given up", async () => {
  const body = z
    .object({ waiting: z.object({ recordings: z.object({ count: z.number(), oldest: z.string() }) }) })
    .parse(await (await fetch(new URL("/healthz", ledger.url))).json());
  const given = await ledger.DB.prepare("SELECT count(*) AS n FROM ledger_recordings WHERE state = 'failed'").first(
    "n",
  );
  expect(body.waiting.recordings.count).toBe(given);
});

describe("ARCHIVE_RECORDINGS off", () => {
  let off: Awaited<ReturnType<typeof bootOnNetwork>>;
  beforeAll(async () => {
    off = await bootOnNetwork();
  });
  afterAll(() => off.close());

  test("fetches nothing, and the page links to the platform's own", async () => {
    const address = server.behave("/off.wav", (response) => response.end(wavOf(400)));
    await post(off.url, atomsCall({ call_id: "off" }).end({ recordingUrl: address }));
    await runCron(off.url, minutes(5));
    expect(await off.DB.prepare("SELECT count(*) AS n FROM ledger_recordings").first("n")).toBe(0);
    expect(server.countOf("/off.wav")).toBe(0);
    const { html, text } = await (await signIn(off.url)).visit("/calls/off");
    expect(html).not.toContain("<audio");
    expect(text).toContain("Recording Listen");
  });
});

describe("an address", () => {
  test.each([
    ["https://recordings.example.com/a.wav?token=1", undefined],
    ["https://recordings.example.com:8443/a.wav", undefined],
    ["http://127.0.0.1:8787/a.wav", undefined],
    ["http://localhost/a.wav", undefined],
    ["http://[::1]/a.wav", undefined],
    ["http://0x7f.1/a.wav", undefined],
    ["http://recordings.example.com/a.wav", "not-https"],
    ["ftp://recordings.example.com/a.wav", "not-https"],
    ["data:audio/wav,RIFF", "not-https"],
    ["https://user:password@recordings.example.com/", "credentials"],
    ["http://user@127.0.0.1/", "credentials"],
    ["https://10.0.0.1/", "private"],
    ["https://192.168.1.1/", "private"],
    ["https://172.16.0.1/", "private"],
    ["https://169.254.169.254/latest", "private"],
    ["https://0/", "private"],
    ["https://3232235777/", "private"],
    ["https://[fe80::1]/", "private"],
    ["https://[fd00::1]/", "private"],
    ["https://[::ffff:10.0.0.1]/", "private"],
    ["https://[::ffff:127.0.0.1]/", "private"],
    ["https://metadata/", "private"],
    ["https://metadata.google.internal/", "private"],
    ["https://metadata.google.internal./", "private"],
    ["https://printer.local/", "private"],
  ])("%s: %s", (address, problem) => {
    expect(addressProblem(new URL(address))).toBe(problem);
  });

  test("of this machine is reached from this machine alone", () => {
    const [there, here] = [new URL("https://recordings.example.com/"), new URL("http://127.0.0.1/")];
    expect(addressProblem(here, there)).toBe("private");
    expect(addressProblem(here, here)).toBeUndefined();
  });
});

describe("audio is told by its first bytes, else by its type", () => {
  test.each([
    ["RIFF\x10\x00\x00\x00WAVE", "text/html", "wav"],
    ["ID3\x04", "", "mp3"],
    ["\xff\xfb\x90\x64", "", "mp3"],
    ["\xff\xf1\x50\x80", "", "aac"],
    ["OggS\x00\x02", "", "ogg"],
    ["fLaC\x00", "", "flac"],
    ["\x00\x00\x00\x20ftypM4A ", "video/mp4", "m4a"],
    ["\x1aE\xdf\xa3\x01", "", "webm"],
    ["\x01\x02\x03\x04", "audio/x-wav", "wav"],
    ["\x01\x02\x03\x04", "audio/AMR", "audio"],
    ["\x01\x02\x03\x04", "application/octet-stream", undefined],
    ["RIFF\x10\x00\x00\x00AVI ", "", undefined],
    ["<!doctype html>", "audio/wav", undefined],
    ['{"error":1}', "audio/wav", undefined],
    ["\x01", 'audio/"><script>', undefined],
  ])("%j as %j: %s", (head, type, extension) => {
    expect(audioKind(Buffer.from(head, "latin1"), type)?.extension).toBe(extension);
  });
});
