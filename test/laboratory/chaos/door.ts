import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { platforms, type Secrets } from "../simulator/platforms/index.ts";
import type { PlatformName } from "../simulator/platforms/platform.ts";

/** The webhooks of a ledger, over connections that stay open. */
export interface Door {
  /**
   * Sends a body, signed as its platform signs. Rejects when no answer comes.
   * @returns the HTTP status, and the status that the body of a 2xx names: `200 stored`, `422`
   */
  send(body: string | Uint8Array, platform?: PlatformName): Promise<string>;
  close(): void;
}

const named = z.object({ status: z.string() });

/** As long as the platform waits. */
const TIMEOUT_MILLISECONDS = 30_000;

/**
 * Opens the webhooks of a ledger. On node:http, since `fetch` costs the machine several times as much a request.
 * @param connections the most that are open at a time
 */
export function openDoor(url: string, secrets: Secrets, connections: number): Door {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    send(body, platform = "atoms") {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const address = new URL(`/webhooks/${platform}`, url);
      const signed = platforms[platform].headers(Buffer.from(body), secrets[platform] ?? "", "usual");
      const headers = { ...signed, "Content-Length": Buffer.byteLength(body) };
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
