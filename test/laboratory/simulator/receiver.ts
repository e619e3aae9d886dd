import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

/** A system downstream on this machine that believes nothing it has not verified. */
export interface Receiver {
  url: string;
  /** `webhook-id` to the number of times it was delivered, verified. */
  readonly received: ReadonlyMap<string, number>;
  /** Requests that did not verify. */
  readonly refused: number;
  close(): Promise<void>;
}

/**
 * Starts a receiver on a free port of 127.0.0.1. Every delivery is checked with the official library.
 * @param secret `whsec_…`
 */
export async function startReceiver(secret: string): Promise<Receiver> {
  const webhook = new Webhook(secret);
  const received = new Map<string, number>();
  let refused = 0;

  const server = createServer(async (request, response) => {
    const header = (name: string) => String(request.headers[name] ?? "");
    const id = header("webhook-id");
    try {
      webhook.verify(await text(request), {
        "webhook-id": id,
        "webhook-timestamp": header("webhook-timestamp"),
        "webhook-signature": header("webhook-signature"),
      });
    } catch {
      refused += 1;
      response.writeHead(400).end();
      return;
    }
    received.set(id, (received.get(id) ?? 0) + 1);
    response.writeHead(204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${portOf(server.address())}/deliveries`,
    received,
    get refused() {
      return refused;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The port of a server that listens on one. */
export function portOf(address: string | { port: number } | null): number {
  if (typeof address === "object" && address !== null) return address.port;
  throw new Error("the server listens on no port");
}
