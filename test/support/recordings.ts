import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** Answers a request; `nth` counts those for the same path, from 1. */
type Behaviour = (response: ServerResponse, nth: number, request: IncomingMessage) => void;

/** A server of a platform's recordings on a free local port. A path that was not given a behaviour is 404. */
export async function startRecordings() {
  const behaviours = new Map<string, Behaviour>();
  const requests: { path: string; headers: IncomingMessage["headers"] }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push({ path, headers: request.headers });
    const behave = behaviours.get(path) ?? ((to) => to.writeHead(404).end());
    behave(response, requests.filter((one) => one.path === path).length, request);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the recordings have no port");
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    requests,
    countOf: (path: string) => requests.filter((one) => one.path === path).length,
    /** @returns the address to give a call */
    behave(path: string, behave: Behaviour): string {
      behaviours.set(path, behave);
      return url + path;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

/** Audio as far as its first bytes tell, and no two pieces of it alike. */
export function wavOf(bytes: number): Buffer {
  const audio = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) audio.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
  audio.write("RIFF", 0, "latin1");
  audio.write("WAVE", 8, "latin1");
  return audio;
}

/** Gives a call a recording of its own, as the Workflow does. */
export async function giveRecording(
  { DB, ARCHIVE }: { DB: D1Database; ARCHIVE: R2Bucket },
  call_id: string,
  audio: Buffer = wavOf(2_000),
): Promise<void> {
  const key = `calls/${encodeURIComponent(call_id)}/recording.wav`;
  await ARCHIVE.put(key, audio, { httpMetadata: { contentType: "audio/wav" } });
  await DB.prepare("UPDATE calls SET recording_key = ? WHERE call_id = ?").bind(key, call_id).run();
}
