import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { signedHeaders } from "../simulator/sign.ts";

/** The webhook of a ledger, over connections that stay open. */
export interface Door {
  /**
   * Sends a signed body. Rejects when no answer comes.
   * @returns the HTTP status, and the status that the body of a 2xx names: `200 stored`, `422`
   */
  send(body: string | Uint8Array): Promise<string>;
  close(): void;
}

const named = z.object({ status: z.string() });

/** As long as the platform waits. */
const TIMEOUT_MILLISECONDS = 30_000;

/**
 * Opens the webhook of a ledger. On node:http, since `fetch` costs the machine several times as much a request.
 * @param connections the most that are open at a time
 */
export function openDoor(url: string, secret: string, connections: number): Door {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const address = new URL("/webhooks/atoms", url);
  return {
    send(body) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const headers = { ...signedHeaders(body, secret), "Content-Length": Buffer.byteLength(body) };
      const options = { agent, method: "POST", headers, timeout: TIMEOUT_MILLISECONDS };
      const sending = request(address.href, options, (response) => {
        const status = response.statusCode ?? 0;
        text(response)
          .then((body) => resolve(status < 300 ? `${status} ${named.parse(JSON.parse(body)).status}` : `${status}`))
          .catch(reject);
      });
      sending.on("timeout", () => sending.destroy(new Error("no answer in time")));
      sending.on("error", reject);
      sending.end(body);
      return promise;
    },
    close: () => agent.destroy(),
  };
}
