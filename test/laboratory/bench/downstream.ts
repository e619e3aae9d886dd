import { createServer } from "node:http";

/** A system downstream that takes everything at once and says so. */
export interface Downstream {
  url: URL;
  /** How many deliveries came in so far. */
  received(): number;
  close(): void;
}

export async function startDownstream(): Promise<Downstream> {
  let received = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      received++;
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the downstream has no port");
  return {
    url: new URL(`http://127.0.0.1:${address.port}/`),
    received: () => received,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
