import { parentPort, workerData } from "node:worker_threads";
import * as z from "zod";
import "./hex.ts";
import { decode } from "../../src/ingest/decode.ts";
import { plan } from "../../src/ingest/plan.ts";
import { receive } from "../../src/ingest/receive.ts";
import { findPlatform } from "../../src/platforms/index.ts";

/** A thread that takes a body through everything that holds it parsed, and answers how it was decoded. */
const { platform: name, body } = z.object({ platform: z.string(), body: z.instanceof(ArrayBuffer) }).parse(workerData);
const platform = findPlatform(name);
if (platform === undefined) throw new Error(`there is no platform ${name}`);
const received = await receive(platform, body, new Date());
const decoded = decode(received);
if (decoded.kind === "events")
  await plan(received, decoded, {
    searchTranscripts: true,
    archiveRecordings: true,
    destinations: [{ name: "webhook", events: ["analytics.completed"] }],
  });
parentPort?.postMessage(decoded.kind);
