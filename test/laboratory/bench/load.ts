import { Agent, request } from "node:http";
import type { Signed } from "./bodies.ts";

/** Sends events to one address over kept-alive connections. */
export interface Sender {
  /** Throws unless the answer is 200. */
  send(event: Signed): Promise<void>;
  close(): void;
}

/** The local runtime closes a connection that was idle for 15 s, and a request that is sent at that moment fails. */
const IDLE_MILLISECONDS = 10_000;

/**
 * On node:http, since `fetch` costs the machine several times as much a request and would compete with what is measured.
 * @param connections the most that are open at a time
 */
export function openSender(url: URL, connections: number): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, timeout: IDLE_MILLISECONDS });
  return {
    send({ body, headers }) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sending = request(url.href, { agent, method: "POST", headers }, (response) => {
        response.resume();
        response.on("end", () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`${url.href} answered ${response.statusCode}`));
        });
      });
      sending.on("error", reject);
      sending.end(body);
      return promise;
    },
    close: () => agent.destroy(),
  };
}

/**
 * Sends every event once, a number of them at a time.
 * @returns milliseconds from the first request to the last answer
 */
export async function sendAll(sender: Sender, events: readonly Signed[], atATime: number): Promise<number> {
  const queue = events.values();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      // All of them take from the one iterator, so each event is sent once.
      for (const event of queue) await sender.send(event);
    }),
  );
  return performance.now() - start;
}
