import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface ReceivedRequest {
  path: string;
  text: string;
  headers: IncomingMessage["headers"];
  /** Milliseconds since 1970. */
  at: number;
}

/** Answers a request; `nth` counts them, from 1. */
type Behaviour = (response: ServerResponse, nth: number) => void;

const accept: Behaviour = (response) => response.writeHead(200).end("ok");

/** Anything that messages are sent to, like Slack, on a free local port. Answers 200 until it is told otherwise. */
export async function startReceiver() {
  const requests: ReceivedRequest[] = [];
  let behave = accept;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    requests.push({ path: request.url ?? "", text, headers: request.headers, at: Date.now() });
    behave(response, requests.length);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    /** Forgets what came, and answers in its own way from now on. */
    reset(other: Behaviour = accept) {
      requests.length = 0;
      behave = other;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}
