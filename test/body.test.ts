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

/** A body that begins and then stalls for ever. */
const stalling = (bytes: number) =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(bytes)) });

const text = (words: string) => new TextEncoder().encode(words);

test("a body that does not come in within its time is given up", async () => {
  expect(await readBody(upload(stalling(10)), 1_000, { timeoutMs: 20 })).toBe("too-slow");
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
  expect(await readBody(upload(body), 1_000, { timeoutMs: 20 })).toBe("too-large");
});

test.each([
  ["declared", { "Content-Length": "4003" }],
  ["found out", {}],
])("one that is of no use by its beginning, %s, is taken off the wire to its end", async (_how, headers) => {
  // The beginning is more than the first chunk.
  const { body, pulled } = chunked([text("no"), text("ise"), ...Array.from({ length: 10 }, () => new Uint8Array(400))]);
  const beginnings: string[] = [];
  const ignoresLarge = (beginning: string) => {
    beginnings.push(beginning);
    return beginning.startsWith("noise");
  };
  expect(await readBody(upload(body, headers), 1_000, { ignoresLarge })).toBe("ignored");
  expect(pulled()).toBe(12);
  expect(beginnings.map(({ length }) => length <= 1024)).toEqual([true]);
});

test.each([
  ["declared", { "Content-Length": "4000" }],
  ["found out", {}],
])("one that is of use is refused, %s, although others of its size are not", async (_how, headers) => {
  const { body, pulled } = chunked(Array.from({ length: 10 }, () => new Uint8Array(400)));
  expect(await readBody(upload(body, headers), 1_000, { ignoresLarge: () => false })).toBe("too-large");
  expect(pulled()).toBe(10);
});

test("one within the limit is read, of use or not", async () => {
  const { body } = chunked([text("noise")]);
  expect(await readBody(upload(body), 1_000, { ignoresLarge: () => true })).toEqual(text("noise").buffer);
});

test.each([
  ["before its beginning shows what it is", 10, "too-large"],
  ["behind it", 2_000, "ignored"],
])("one that declares too much and stalls %s is answered in time", async (_where, bytes, result) => {
  const request = upload(stalling(bytes), { "Content-Length": "100000" });
  expect(await readBody(request, 5_000, { ignoresLarge: () => true, timeoutMs: 20 })).toBe(result);
});
