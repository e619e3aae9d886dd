import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What goes wrong with one request. */
export const faults = {
  "429 with a header": (to) =>
    send(to, 429, { detail: { status: "too_many_concurrent_requests" } }, { "Retry-After": "1" }),
  "429 without a word": (to) => void to.writeHead(429).end(),
  "500": (to) => send(to, 500, { detail: "Internal server error" }),
  "502 as a page": (to) => page(to, 502, "<html><h1>Bad Gateway</h1></html>"),
  "a page with 200": (to) => page(to, 200, "<html>Down for maintenance</html>"),
  hang: () => {},
  "half of an answer": (to) => {
    to.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
    to.write('[{"id": ');
    setTimeout(() => to.destroy(), 20);
  },
  "401": (to) => send(to, 401, { detail: "Unauthorized" }),
  "404": (to) => send(to, 404, { detail: "Not found" }),
  "another shape": (to) => send(to, 200, { rows: "none" }),
} satisfies Record<string, (to: ServerResponse) => void>;
export type Fault = keyof typeof faults;

/** Answers with JSON. */
export function send(to: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  to.writeHead(status, { "Content-Type": "application/json", ...headers });
  to.end(JSON.stringify(body));
}

function page(to: ServerResponse, status: number, html: string): void {
  to.writeHead(status, { "Content-Type": "text/html" }).end(html);
}

interface ApiServer {
  isAllowed(request: IncomingMessage): boolean;
  answer(to: ServerResponse, url: URL): void;
}

/** A platform's API that is only read, on a free local port, which counts requests and fails when told. */
export async function startApi({ isAllowed, answer }: ApiServer) {
  const requests: string[] = [];
  const broken: { path: RegExp; fault: Fault; times: number }[] = [];
  const server = createServer((request, to) => {
    const url = new URL(request.url ?? "", "http://platform");
    requests.push(`${url.pathname}${url.search}`);
    const fault = broken.find(({ path, times }) => times > 0 && path.test(url.pathname));
    if (fault !== undefined) {
      fault.times--;
      return faults[fault.fault](to);
    }
    return isAllowed(request) ? answer(to, url) : faults["401"](to);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the platform has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    countOf: (path: RegExp) => requests.filter((one) => path.test(one)).length,
    /** Lets the next requests to a path fail. */
    fail: (path: RegExp, fault: Fault, times = 1) => void broken.push({ path, fault, times }),
    reset() {
      for (const list of [requests, broken]) list.length = 0;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}
