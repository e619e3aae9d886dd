import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import * as z from "zod";

const OBJECT_ID = "69fc7dd072a0c1d28d948ace";

/** A call at the platform. */
export interface AtomsCall {
  callId: string;
  status?: string | null;
  duration?: number | null;
  from?: string | null;
  to?: string | null;
  type?: string | null;
  recordingUrl?: string | null;
  transcript?: unknown;
  variables?: unknown;
  postCallAnalytics?: unknown;
  /** The stream of events in the detail. */
  events?: unknown;
  /** Of the detail: an object with the prompt; of the list's item: `agentId`. */
  agentId?: string | null;
  /** An attempt that repeats another call: in no list but the one by date. */
  isRetry?: boolean;
  /** Whether the analytics store has lost its row. */
  isUncounted?: boolean;
}

/** What goes wrong with one request. */
export const faults = {
  "429 with a header": (to) => send(to, 429, { status: false, error: "Rate limit exceeded" }, { "Retry-After": "1" }),
  "429 with retry_after": (to) =>
    send(to, 429, { status: false, error: "Rate limit exceeded", code: "RATE_LIMIT_EXCEEDED", retry_after: 1 }),
  "429 with rateLimit": (to) =>
    send(to, 429, { message: "Rate limit exceeded", rateLimit: { routeClass: "x", limit: 10, retryAfterSec: 1 } }),
  "429 without a word": (to) => void to.writeHead(429).end(),
  "500": (to) => send(to, 500, { status: false, errors: ["Internal server error"] }),
  "502 as a page": (to) => page(to, 502, "<html><h1>Bad Gateway</h1></html>"),
  "a page with 200": (to) => page(to, 200, "<html>Down for maintenance</html>"),
  hang: () => {},
  "half of an answer": (to) => {
    to.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
    to.write('{"status": true, "data": {"logs": [');
    setTimeout(() => to.destroy(), 20);
  },
  "401": (to) => send(to, 401, { status: false, errors: ["Unauthorized: User not found"] }),
  "403": (to) => send(to, 403, { status: false, errors: ["upgrade to a higher plan"] }),
  "404": (to) => send(to, 404, { status: false, errors: ["Conversation log not found"] }),
  "another shape": (to) => send(to, 200, { status: true, data: { rows: "none" } }),
} satisfies Record<string, (to: ServerResponse) => void>;
export type Fault = keyof typeof faults;

function send(to: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) {
  to.writeHead(status, { "Content-Type": "application/json", "x-request-id": "request-1", ...headers });
  to.end(JSON.stringify(body));
}

function page(to: ServerResponse, status: number, html: string) {
  to.writeHead(status, { "Content-Type": "text/html" }).end(html);
}

const ofSearch = z.object({ callIds: z.array(z.string()).min(1).max(100) });

/** Atoms' API for conversations on a free local port, as `atoms-api.md` has it. Its key is `sk_atoms`. */
export async function startAtomsConversations() {
  const calls = new Map<string, AtomsCall & { updatedAt: number }>();
  const requests: string[] = [];
  const broken: { path: RegExp; fault: Fault; times: number }[] = [];
  const deliveries: object[] = [];
  let clock = 0;
  const about = {
    /** Whether the list answers a filter by date or an order by creation with 504, as on a large account. */
    isLarge: true,
    /** What `/webhook/events` answers: 404 while undefined. */
    log: undefined as "list" | "events" | undefined,
    /** Called before a page of the list is answered. */
    beforePage: (_page: number): void => {},
  };

  const answers: [method: string, path: RegExp, answer: (to: ServerResponse, url: URL, body: unknown) => void][] = [
    ["GET", /^\/conversation$/, (to, url) => listCalls(to, url)],
    ["POST", /^\/conversation\/search$/, (to, _url, body) => search(to, body)],
    ["GET", /^\/conversation\/[^/]+\/recording\/download-url$/, (to, url) => download(to, url)],
    ["GET", /^\/conversation\/[^/]+$/, (to, url) => detail(to, url)],
    ["GET", /^\/analytics\/call-counts-log$/, (to, url) => countCalls(to, url)],
    ["GET", /^\/webhook$/, (to) => send(to, 200, { status: true, data: webhooks })],
    ["GET", /^\/webhook\/events$/, (to) => listDeliveries(to)],
  ];

  function listCalls(to: ServerResponse, { searchParams }: URL) {
    const isByDate = ["dateFrom", "dateTo"].some((name) => searchParams.has(name));
    if (about.isLarge && (isByDate || searchParams.get("sortBy") === "createdAt"))
      return page(to, 504, "<html></html>");
    const number = Number(searchParams.get("page") ?? 1);
    const limit = Math.min(Number(searchParams.get("limit") ?? 5), 500);
    about.beforePage(number);
    const roots = [...calls.values()].filter(({ isRetry }) => !isRetry).sort((a, b) => b.updatedAt - a.updatedAt);
    const logs = roots.slice((number - 1) * limit, number * limit).map(item);
    const totalPages = Math.ceil(roots.length / limit);
    const pagination = { total: roots.length, page: number, limit, hasMore: number < totalPages, totalPages };
    send(to, 200, { status: true, data: { logs, pagination, dispositionMetricsConfig: [] } });
  }

  function search(to: ServerResponse, body: unknown) {
    const { data } = ofSearch.safeParse(body);
    if (data === undefined) return send(to, 400, { status: false, errors: ["Invalid input"] });
    const logs = data.callIds.flatMap((id) => calls.get(id) ?? []).map(item);
    send(to, 200, { status: true, data: { logs, total: logs.length, requestedCount: data.callIds.length } });
  }

  function idIn({ pathname }: URL): string {
    return decodeURIComponent(pathname.split("/").find((part) => part.startsWith("CALL-")) ?? "");
  }

  function download(to: ServerResponse, url: URL) {
    const call = calls.get(idIn(url));
    if (!call?.recordingUrl) return faults["404"](to);
    const presignedUrl = `${call.recordingUrl}?fresh=1`;
    send(to, 200, { status: true, data: { presignedUrl } });
  }

  function detail(to: ServerResponse, url: URL) {
    const call = calls.get(idIn(url));
    if (!/CALL-\d{13}-/.test(url.pathname)) return send(to, 400, { status: false, errors: ["Invalid call ID format"] });
    if (call === undefined) return faults["404"](to);
    const { updatedAt: _, isRetry: _isRetry, isUncounted: _isUncounted, agentId, ...facts } = call;
    const agent = { _id: agentId ?? OBJECT_ID, name: "Nisha", globalPrompt: "SECRET-PROMPT" };
    send(to, 200, { status: true, data: { _id: OBJECT_ID, agent, ...facts, slmModelUsed: "electron" } });
  }

  function countCalls(to: ServerResponse, { searchParams }: URL) {
    const [from, until] = ["dateFrom", "dateTo"].map((name) => Date.parse(searchParams.get(name) ?? ""));
    const number = Number(searchParams.get("page") ?? 1);
    const limit = Math.min(Number(searchParams.get("limit") ?? 10), 100);
    const counted = [...calls.values()].filter(({ callId, isUncounted }) => {
      const created = Number(callId.slice(5, 18));
      return !isUncounted && created >= (from ?? 0) && created <= (until ?? 0);
    });
    const rows = counted
      .slice((number - 1) * limit, number * limit)
      .map(({ callId, status, agentId, type, duration }) => ({
        orgId: OBJECT_ID,
        callId,
        agentId: agentId ?? OBJECT_ID,
        callType: type,
        callStatus: status,
        timestamp: new Date(Number(callId.slice(5, 18))).toISOString(),
        callDurationMs: (duration ?? 0) * 1000,
        disconnectionReason: "-",
        recordingUrl: "",
      }));
    const totalPages = Math.ceil(counted.length / limit);
    send(to, 200, {
      success: true,
      data: { calls: rows, totalCalls: counted.length, totalPages, currentPage: number, limit },
    });
  }

  function listDeliveries(to: ServerResponse) {
    if (about.log === undefined) return page(to, 404, "<pre>Cannot GET /atoms/v1/webhook/events</pre>");
    send(to, 200, { status: true, data: about.log === "list" ? deliveries : { events: deliveries } });
  }

  function item({ callId, status, duration, from, to, type, agentId, recordingUrl, postCallAnalytics }: AtomsCall) {
    const analytics = postCallAnalytics === undefined ? {} : { postCallAnalytics };
    return { _id: OBJECT_ID, callId, status, duration, from, to, type, agentId, recordingUrl, ...analytics };
  }

  async function answer(request: IncomingMessage, to: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? "", "http://atoms");
    url.pathname = url.pathname.replace(/^\/atoms\/v1/, "");
    requests.push(`${request.method} ${url.pathname}${url.search}`);
    const fault = broken.find(({ path, times }) => times > 0 && path.test(`${request.method} ${url.pathname}`));
    if (fault !== undefined) {
      fault.times--;
      return faults[fault.fault](to);
    }
    if (request.headers.authorization !== "Bearer sk_atoms") return faults["401"](to);
    const found = answers.find(([method, path]) => method === request.method && path.test(url.pathname));
    const text = Buffer.concat(chunks).toString();
    if (found === undefined) return page(to, 404, `<pre>Cannot ${request.method} ${url.pathname}</pre>`);
    found[2](to, url, text === "" ? undefined : JSON.parse(text));
  }

  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Atoms has no port");

  return {
    url: `http://127.0.0.1:${address.port}/atoms/v1`,
    requests,
    about,
    deliveries,
    countOf: (path: RegExp) => requests.filter((one) => path.test(one)).length,
    /** Adds a call, or changes one: it is the latest of the list then. */
    put: (call: AtomsCall) => void calls.set(call.callId, { ...calls.get(call.callId), ...call, updatedAt: ++clock }),
    remove: (callId: string) => void calls.delete(callId),
    /** Lets the next requests to a path fail. */
    fail: (path: RegExp, fault: Fault, times = 1) => void broken.push({ path, fault, times }),
    reset() {
      calls.clear();
      for (const list of [requests, broken, deliveries]) list.length = 0;
      Object.assign(about, { isLarge: true, log: undefined, beforePage: () => {} });
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

/** Every one with its secret in clear, as the platform does. */
const webhooks = [
  { _id: "69fc7e0072a0c1d28d948b01", url: "https://other.example.com/hook", decryptedSecretKey: "SECRET-OF-ANOTHER" },
  {
    _id: "69fc7e0072a0c1d28d948b00",
    url: "https://ledger.example.com/webhooks/atoms",
    decryptedSecretKey: "SECRET-OF-OURS",
  },
];

let numbers = 0;

/** Returns the id of a call that began so many minutes ago. */
export function callIdOf(minutesAgo: number): string {
  const hex = (++numbers).toString(16).padStart(6, "0");
  return `CALL-${Date.now() - minutesAgo * 60_000}-${hex}`;
}

/** A call that ended as calls do, with everything the platform has of it, secrets included. */
export function endedCall(callId: string, more: Partial<AtomsCall> = {}): AtomsCall {
  const start = Number(callId.slice(5, 18));
  const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();
  return {
    callId,
    status: "completed",
    duration: 49.350622,
    from: "+15559876543",
    to: "+15551234567",
    type: "telephony_outbound",
    agentId: OBJECT_ID,
    recordingUrl: `https://recordings.example.com/${callId}/composite.wav`,
    transcript: [
      { role: "agent", content: "Hello, this is Nisha.", timestamp: at(19) },
      { role: "user", content: "I have not got my invoice.", timestamp: at(21) },
    ],
    variables: { call_id: callId, timezone: "Asia/Kolkata", customer_name: "Jane Smith" },
    events: [
      { event_type: "call_start", event_id: "e1", timestamp: at(13) },
      { event_type: "pre_call_api", headers: { Authorization: "SECRET-HEADER" }, body: "SECRET-BODY" },
      { event_type: "call_end", event_id: "e9", timestamp: at(62.2) },
    ],
    postCallAnalytics: {
      summary: "The caller asked about an invoice.",
      dispositionMetrics: [
        {
          identifier: "call_resolved",
          value: "true",
          confidence: 1,
          reasoning: "Said so.",
          dispositionMetricPrompt: "SECRET-PROMPT",
        },
      ],
    },
    ...more,
  };
}
