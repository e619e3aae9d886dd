import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";

/** Answers requests on a free local port. @param answer resolves to `undefined` for a request that is left hanging */
export async function answerOnLoopback(answer: (request: Request) => Promise<Response | undefined>) {
  const server = createServer(async (incoming, outgoing) => {
    const { method = "GET", url = "/", headers } = incoming;
    const body = await buffer(incoming);
    const request = new Request(new URL(url, "http://127.0.0.1"), {
      method,
      headers: Object.entries(headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
      ...(body.length > 0 && { body }),
    });
    const response = await answer(request);
    if (response === undefined) return;
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
  });
  const { promise: listening, resolve: listens } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listens);
  await listening;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
