import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import * as z from "zod";

export const SYNC_SECRET = `whsec_${Buffer.from("a signing key of the tests only!").toString("base64")}`;

export interface Delivery {
  id: string;
  /** Verified with the official library; a delivery that does not verify never gets here. */
  payload: unknown;
  headers: IncomingMessage["headers"];
}

/** Answers a delivery; `nth` counts the attempts at this event, from 1. */
type Behaviour = (response: ServerResponse, delivery: Delivery, nth: number) => void;

const delivered = z.object({ data: z.object({ call: z.object({ call_id: z.string() }) }) });

function callIdOf(payload: unknown): string {
  return delivered.parse(payload).data.call.call_id;
}

/** As the contract has it: SHA-256 of call id, event and event id, joined by line feeds. */
export function webhookId(call_id: string, event: string, event_id: string): string {
  return createHash("sha256").update(`${call_id}\n${event}\n${event_id}`).digest("hex");
}

/** A system downstream on a free local port that keeps what it is sent. Answers 200 unless told otherwise. */
export async function startDownstream() {
  const deliveries: Delivery[] = [];
  const unverified: string[] = [];
  const behaviours = new Map<string, Behaviour>();

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    try {
      const headers = {
        "webhook-id": String(request.headers["webhook-id"]),
        "webhook-timestamp": String(request.headers["webhook-timestamp"]),
        "webhook-signature": String(request.headers["webhook-signature"]),
      };
      const payload = new Webhook(SYNC_SECRET).verify(text, headers);
      const delivery = { id: headers["webhook-id"], payload, headers: request.headers };
      deliveries.push(delivery);
      const behave = behaviours.get(callIdOf(payload)) ?? ((to) => to.writeHead(200).end());
      behave(response, delivery, deliveries.filter(({ id }) => id === delivery.id).length);
    } catch (error) {
      unverified.push(String(error));
      response.writeHead(400).end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the downstream has no port");

  return {
    url: `http://127.0.0.1:${address.port}/calls`,
    deliveries,
    unverified,
    deliveriesOf: (call_id: string) => deliveries.filter(({ payload }) => callIdOf(payload) === call_id),
    /** Answers the deliveries of one call in its own way. */
    behave: (call_id: string, behave: Behaviour) => behaviours.set(call_id, behave),
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}
