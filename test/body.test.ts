import { expect, test } from "vitest";
import { readBody } from "../src/http/body.ts";

const upload = (body: ReadableStream<Uint8Array>, headers: Record<string, string> = {}) =>
  new Request("http://ledger.example.com/", Object.assign({ method: "POST", body, headers }, { duplex: "half" }));

/** A body that comes in chunk by chunk. */
function chunked(chunks: readonly Uint8Array[]) {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[pulled];
        if (chunk === undefined) controller.close();
        else {
          pulled++;
          controller.enqueue(chunk);
        }
      },
    },
    { highWaterMark: 0 },
  );
  return { body, pulled: () => pulled };
}

const MEGABYTE = 1024 * 1024;

/** A body that begins and then stalls for ever. */
const stalling = (bytes: number) =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(bytes)) });

test("a body that does not come in within its time is given up", async () => {
  expect(await readBody(upload(stalling(10)), 1_000, 20)).toBe("too-slow");
  expect(await readBody(upload(stalling(10), { "Content-Length": "20" }), 1_000, 20)).toBe("too-slow");
});

test("a body that comes in chunk by chunk is read whole", async () => {
  const { body } = chunked([new Uint8Array([1, 2]), new Uint8Array([3])]);
  expect(await readBody(upload(body), 1_000)).toEqual(new Uint8Array([1, 2, 3]).buffer);
});

test("of a body that declares more than the limit, nothing is read", async () => {
  const { body, pulled } = chunked(Array.from({ length: 10 }, () => new Uint8Array(400)));
  expect(await readBody(upload(body, { "Content-Length": "1001" }), 1_000)).toBe("too-large");
  expect(pulled()).toBe(0);
});

test("a body found out to be over the limit is taken off the wire, so that its sender sees the answer", async () => {
  const { body, pulled } = chunked(Array.from({ length: 10 }, () => new Uint8Array(400)));
  expect(await readBody(upload(body), 1_000)).toBe("too-large");
  expect(pulled()).toBe(10);
});

test("one that never ends is given up in time", async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      controller.enqueue(new Uint8Array(400));
    },
  });
  expect(await readBody(upload(body), 1_000, 500)).toBe("too-large");
});

test("what is declared and does not come in takes nothing from others", async () => {
  const headers = { "Content-Length": String(9 * MEGABYTE) };
  const held = Array.from({ length: 100 }, () => readBody(upload(stalling(1_000), headers), 10 * MEGABYTE, 200));
  const large = chunked([new Uint8Array(9 * MEGABYTE)]);
  expect(await readBody(upload(large.body, headers), 10 * MEGABYTE)).toBeInstanceOf(ArrayBuffer);
  expect(await Promise.all(held)).toEqual(Array(100).fill("too-slow"));
});

test("large bodies that are held open leave room for small ones, and none when they are given up", async () => {
  const held = Array.from({ length: 6 }, () => readBody(upload(stalling(9 * MEGABYTE)), 10 * MEGABYTE, 200));
  const small = () => readBody(upload(chunked([new Uint8Array(200_000)]).body), 10 * MEGABYTE);
  expect(await small()).toBeInstanceOf(ArrayBuffer);
  expect((await Promise.all(held)).toSorted()).toEqual(["busy", "busy", ...Array(4).fill("too-slow")]);
  const again = Array.from({ length: 4 }, () => chunked([new Uint8Array(9 * MEGABYTE)]).body);
  for (const body of await Promise.all(again.map((one) => readBody(upload(one), 10 * MEGABYTE)))) {
    expect(body).toBeInstanceOf(ArrayBuffer);
  }
});
