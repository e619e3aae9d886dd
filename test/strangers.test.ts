import { connect, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { documentedCall } from "./support/events.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";

let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await ledger.close();
});

/** Opens an upload that never ends, with a signature of the right shape: nobody can tell yet that it is wrong. */
function openUpload(bytes: number, declared: boolean) {
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
  const length = declared ? `Content-Length: ${bytes + 1}` : "Transfer-Encoding: chunked";
  socket.write(`POST /webhooks/atoms HTTP/1.1\r\nHost: ${host}\r\nX-Signature: ${"a".repeat(64)}\r\n${length}\r\n\r\n`);
  const body = Buffer.alloc(bytes, "x");
  if (declared) socket.write(body);
  else socket.write(Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), body, Buffer.from("\r\n")]));
  // An answer may be lost on its way while the body is still being sent: the connection is closed under both.
  return { answer: () => answer, isRefused: () => isClosed || answer.startsWith("HTTP/1.1 503") };
}

const MEGABYTE = 1_000_000;

test.each([true, false])(
  "strangers' unread bodies have a bound together, with a declared length: %s",
  async (declared) => {
    ledger = await bootOnNetwork({ main: "test/bench/workers/intake-only.ts" });
    const uploads = Array.from({ length: 15 }, () => openUpload(9 * MEGABYTE, declared));
    const refused = () => uploads.filter(({ isRefused }) => isRefused());
    // Five of nine megabytes fit; the others are refused while these are still held open.
    await vi.waitFor(() => expect(refused()).toHaveLength(10), { timeout: 15_000 });
    const answers = refused().flatMap(({ answer }) => (answer() === "" ? [] : [answer]));
    expect(answers.length).toBeGreaterThan(5);
    for (const answer of answers) {
      expect(answer()).toContain("Retry-After: 30");
      expect(answer()).toContain("urn:problem-type:call-ledger:busy");
    }
    // What is genuine and small is taken all the same.
    expect(await post(ledger.url, documentedCall({ call_id: "beside strangers" }).start())).toMatchObject({
      status: 200,
    });

    for (const socket of sockets) socket.destroy();
    const large = documentedCall({ call_id: "after strangers" }).end({
      variables: { notes: "n".repeat(9 * MEGABYTE) },
    });
    await vi.waitFor(async () => expect(await post(ledger.url, large)).toMatchObject({ status: 200 }), {
      timeout: 15_000,
      interval: 500,
    });
  },
);

test("a signature that cannot be right is refused before the body comes in", async () => {
  ledger = await bootOnNetwork({ main: "test/bench/workers/intake-only.ts" });
  const { hostname, port, host } = new URL(ledger.url);
  const socket = connect({ host: hostname, port: Number(port) });
  sockets.push(socket);
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("data", (data) => resolve(data.toString("latin1")));
  socket.write(
    `POST /webhooks/atoms HTTP/1.1\r\nHost: ${host}\r\nX-Signature: not-hex\r\nContent-Length: 9000000\r\n\r\n`,
  );
  expect(await promise).toMatch(/^HTTP\/1\.1 401/);
});
