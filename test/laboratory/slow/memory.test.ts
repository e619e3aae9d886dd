import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { MAX_VALUES } from "../../../src/events/received.ts";
import { fillings, largeEnd, platforms } from "../../support/large-bodies.ts";

/** A Worker has 128 MB for all that it does. */
const HEAP_MB = 96;

/** How a body is decoded in a heap of its own; rejects when that is too small. */
function decodedIn(platform: string, body: ArrayBuffer): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const worker = new Worker(join(import.meta.dirname, "../../support/ingest-worker.ts"), {
    workerData: { platform, body },
    transferList: [body],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    // Another than that of the tests, which resolves imports its own way.
    execArgv: [],
  });
  worker.on("message", resolve);
  worker.on("error", reject);
  return promise;
}

describe.each(platforms)("no body of %s takes an isolate along:", (platform) => {
  test("a call of two hours with the times of all its words", async () => {
    expect(await decodedIn(platform, largeEnd(platform, "talk"))).toBe("events");
  });

  test.each(Object.entries(fillings))("%s, anywhere and among the variables", async (_what, fill) => {
    expect(await decodedIn(platform, largeEnd(platform, "member", fill()))).toBe("events");
    expect(await decodedIn(platform, largeEnd(platform, "variables", fill()))).toBe("events");
  });

  test("more values or levels than that are not parsed", async () => {
    const names = `[${'{"":0},'.repeat(1_400_000)}0]`;
    expect(await decodedIn(platform, largeEnd(platform, "member", names))).toBe("invalid");
    expect(await decodedIn(platform, largeEnd(platform, "member", `[0${",0".repeat(MAX_VALUES)}]`))).toBe("invalid");
    const nested = `${"[".repeat(5_000_000)}${"]".repeat(5_000_000)}`;
    expect(await decodedIn(platform, largeEnd(platform, "member", nested))).toBe("invalid");
    expect(await decodedIn(platform, largeEnd(platform, "member", `${"[".repeat(500)}${"]".repeat(500)}`))).toBe(
      "invalid",
    );
  });
});
