import { expect, test } from "vitest";
import { readBody } from "../src/http/body.ts";

const upload = (body: ReadableStream<Uint8Array>) =>
  new Request("http://ledger.example.com/", Object.assign({ method: "POST", body }, { duplex: "half" }));

test("a body that does not come in within its time is given up", async () => {
  const endless = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
  expect(await readBody(upload(endless), 1_000, 20)).toBe("too-slow");
});

test("a body that comes in chunk by chunk is read whole", async () => {
  const chunks = [new Uint8Array([1, 2]), new Uint8Array([3])];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
  expect(await readBody(upload(body), 1_000, 1_000)).toEqual(new Uint8Array([1, 2, 3]).buffer);
});
