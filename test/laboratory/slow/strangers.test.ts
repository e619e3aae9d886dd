import { connect, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { documentedCall } from "../../support/events.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { post } from "../../support/post.ts";

let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await ledger.close();
});

const MEGABYTE = 1_000_000;
const RIGHT_SHAPE = "a".repeat(64);

/** Opens a request and sends its head: a signature of the right shape, of which nobody can tell yet that it is wrong. */
function open(header: string, signature = RIGHT_SHAPE) {
  const { hostname, port, host } = new URL(ledger.url);
  const socket = connect({ host: hostname, port: Number(port) });
  sockets.push(socket);
  let answer = "";
  socket.on("data", (data) => {
    answer += data.toString("latin1");
  });
  socket.on("error", () => undefined);
  let isClosed = false;
  socket.on("close", () => {
    isClosed = true;
  });
  socket.write(`POST /webhooks/atoms HTTP/1.1\r\nHost: ${host}\r\nX-Signature: ${signature}\r\n${header}\r\n\r\n`);
  // An answer may be lost on its way while the body is still being sent: the connection is closed under both.
  return { socket, answer: () => answer, isRefused: () => isClosed || answer.startsWith("HTTP/1.1 503") };
}

/** Opens an upload that never ends. */
function openUpload(bytes: number, declared: boolean) {
  const upload = open(declared ? `Content-Length: ${bytes + 1}` : "Transfer-Encoding: chunked");
  const body = Buffer.alloc(bytes, "x");
  if (declared) upload.socket.write(body);
  else upload.socket.write(Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), body, Buffer.from("\r\n")]));
  return upload;
}

const small = (call_id: string) => post(ledger.url, documentedCall({ call_id }).start());
const large = (call_id: string) =>
  post(ledger.url, documentedCall({ call_id }).end({ variables: { notes: "n".repeat(9 * MEGABYTE) } }));

test("heads alone, whatever length they declare, keep nobody out", async () => {
  ledger = await bootOnNetwork({ main: "test/support/stores/intake-only.ts" });
  const held = Array.from({ length: 12 }, () => open(`Content-Length: ${9 * MEGABYTE}`));
  expect(await small("beside heads")).toMatchObject({ status: 200, body: { status: "stored" } });
  expect(await large("large beside heads")).toMatchObject({ status: 200, body: { status: "stored" } });
  expect(held.map(({ answer }) => answer())).toEqual(Array(12).fill(""));
  // Six seconds for the body, so that every answer is out within eight.
  await vi.waitFor(() => expect(held.map(({ answer }) => answer().slice(9, 12))).toEqual(Array(12).fill("408")), {
    timeout: 20_000,
  });
});

test.each([true, false])(
  "strangers' unread bodies have a bound together, with a declared length: %s",
  async (declared) => {
    ledger = await bootOnNetwork({ main: "test/support/stores/intake-only.ts" });
    const uploads = Array.from({ length: 15 }, () => openUpload(9 * MEGABYTE, declared));
    const refused = () => uploads.filter(({ isRefused }) => isRefused());
    // Four of nine megabytes fit; others are refused while these are still held open.
    await vi.waitFor(() => expect(refused().length).toBeGreaterThan(5), { timeout: 100_000 });
    // What is genuine and small is taken all the same.
    expect(await small("beside strangers")).toMatchObject({ status: 200 });
    const answers = refused().flatMap(({ answer }) => (answer() === "" ? [] : [answer]));
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) {
      expect(answer()).toContain("Retry-After: 30");
      expect(answer()).toContain("urn:problem-type:call-ledger:busy");
    }

    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect(await large("after strangers")).toMatchObject({ status: 200 }), {
      timeout: 100_000,
      interval: 500,
    });
  },
);

test("a signature that cannot be right is refused before the body comes in", async () => {
  ledger = await bootOnNetwork({ main: "test/support/stores/intake-only.ts" });
  const { answer } = open("Content-Length: 9000000", "not-hex");
  await vi.waitFor(() => expect(answer()).toMatch(/^HTTP\/1\.1 401/), { timeout: 100_000 });
});
