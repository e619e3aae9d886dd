import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import * as z from "zod";
import { retellCall } from "../support/retell.ts";

/** A call at the platform, as `get-call` shows it. */
export interface RetellCall {
  call_id: string;
  call_status?: string | null;
  start_timestamp?: number | null | undefined;
  end_timestamp?: number | null | undefined;
  [member: string]: unknown;
}

/** What goes wrong with one request. */
export const faults = {
  "429 with a header": (to) => send(to, 429, { status: "error", message: "Too many requests" }, { "Retry-After": "1" }),
  "429 with a date": (to) => send(to, 429, {}, { "Retry-After": new Date(Date.now() + 2_000).toUTCString() }),
  "429 without a word": (to) => void to.writeHead(429).end(),
  "500": (to) => send(to, 500, { status: "error", message: "An unexpected server error occurred." }),
  "502 as a page": (to) => page(to, 502, "<html><h1>Bad Gateway</h1></html>"),
  "a page with 200": (to) => page(to, 200, "<html>Down for maintenance</html>"),
  hang: () => {},
  "half of an answer": (to) => {
    to.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
    to.write('{"items": [{"call_id": "call_');
    setTimeout(() => to.destroy(), 20);
  },
  "401": (to) => send(to, 401, { status: "error", message: "API key is missing or invalid." }),
  "403": (to) => send(to, 403, { status: "error", message: "Forbidden" }),
  "404": (to) => send(to, 404, { status: "error", message: "The requested resource was not found." }),
  "another shape": (to) => send(to, 200, { rows: "none" }),
  "another call": (to) => send(to, 200, endedCall("call_of_another_request", 60)),
  "no key to the next page": (to) => send(to, 200, { items: [], has_more: true, pagination_key: null }),
} satisfies Record<string, (to: ServerResponse) => void>;
export type Fault = keyof typeof faults;

function send(to: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) {
  to.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
}

function page(to: ServerResponse, status: number, html: string) {
  to.writeHead(status, { "Content-Type": "text/html" }).end(html);
}

/** Retell refuses what it does not know. */
const listRequest = z.strictObject({
  filter_criteria: z.strictObject({
    start_timestamp: z
      .strictObject({ type: z.literal("range"), op: z.literal("bt"), value: z.tuple([z.number(), z.number()]) })
      .optional(),
    call_id: z.strictObject({ type: z.literal("enum"), op: z.literal("in"), value: z.array(z.string()) }).optional(),
  }),
  sort_order: z.enum(["ascending", "descending"]).default("descending"),
  limit: z.int().min(1).max(1000).default(50),
  pagination_key: z.string().optional(),
});

/** Retell's API for calls on a free local port, as `platforms.md` has it, and its recordings. Its key is `key_retell`. */
export async function startRetell() {
  const calls = new Map<string, RetellCall>();
  const requests: string[] = [];
  const broken: { path: RegExp; fault: Fault; times: number }[] = [];
  const usual = {
    /** Whether a list by time has the calls that never connected, and have none. */
    listsTimeless: true,
    /** Whether conditions are looked at. */
    narrows: true,
    /** Whether calls can be asked for by their ids: else 400. */
    knowsIds: true,
    /** The most calls on a page, whatever is asked for. */
    maxPage: 1000,
    beforePage: (_offset: number): void => {},
  };
  const about = { ...usual };

  function listCalls(to: ServerResponse, body: unknown) {
    const { data } = listRequest.safeParse(body);
    const { start_timestamp: start, call_id: ids } = data?.filter_criteria ?? {};
    if (data === undefined || (ids !== undefined && !about.knowsIds)) {
      return send(to, 400, { status: "error", message: "Invalid request" });
    }
    const offset = data.pagination_key === undefined ? 0 : Number(atob(data.pagination_key));
    about.beforePage(offset);
    const found = [...calls.values()]
      .filter(({ call_id }) => !about.narrows || ids === undefined || ids.value.includes(call_id))
      .filter(({ start_timestamp: at }) => {
        if (!about.narrows || start === undefined) return true;
        return typeof at === "number" ? at >= start.value[0] && at <= start.value[1] : about.listsTimeless;
      })
      .sort((a, b) => (b.start_timestamp ?? 0) - (a.start_timestamp ?? 0));
    const end = offset + Math.min(data.limit, about.maxPage);
    const has_more = end < found.length;
    send(to, 200, {
      items: found.slice(offset, end).map(listed),
      has_more,
      pagination_key: has_more ? btoa(String(end)) : null,
    });
  }

  function getCall(to: ServerResponse, callId: string) {
    const call = calls.get(callId);
    if (call === undefined) return faults["404"](to);
    send(to, 200, call);
  }

  /** An address is good for a day, which has passed but for those that were signed anew. */
  function download(to: ServerResponse, { searchParams }: URL) {
    if (!searchParams.has("anew")) return void to.writeHead(403).end();
    to.writeHead(200, { "Content-Type": "audio/wav" }).end(WAV);
  }

  async function answer(request: IncomingMessage, to: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? "", "http://retell");
    const about = `${request.method} ${url.pathname}`;
    if (url.pathname.startsWith("/recordings/")) return download(to, url);
    requests.push(about);
    const fault = broken.find(({ path, times }) => times > 0 && path.test(about));
    if (fault !== undefined) {
      fault.times--;
      return faults[fault.fault](to);
    }
    if (request.headers.authorization !== "Bearer key_retell") return faults["401"](to);
    const body = Buffer.concat(chunks).toString();
    if (about === "POST /v3/list-calls") return listCalls(to, JSON.parse(body));
    const callId = /^GET \/v2\/get-call\/(.+)$/.exec(about)?.[1];
    if (callId !== undefined) return getCall(to, decodeURIComponent(callId));
    page(to, 404, `<pre>Cannot ${about}</pre>`);
  }

  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Retell has no port");
  const url = `http://127.0.0.1:${address.port}`;

  return {
    url,
    requests,
    about,
    recordingOf: (callId: string) => `${url}/recordings/${callId}.wav`,
    countOf: (path: RegExp) => requests.filter((one) => path.test(one)).length,
    /** Adds a call, or changes one. */
    put: (call: RetellCall) => void calls.set(call.call_id, { ...calls.get(call.call_id), ...call }),
    /** Lets the next requests to a path fail. */
    fail: (path: RegExp, fault: Fault, times = 1) => void broken.push({ path, fault, times }),
    reset() {
      calls.clear();
      for (const list of [requests, broken]) list.length = 0;
      Object.assign(about, usual);
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

/** A list's item has neither transcripts nor the recording. */
function listed(call: RetellCall): object {
  return Object.fromEntries(Object.entries(call).filter(([name]) => !/transcript|recording/.test(name)));
}

export const WAV = Buffer.concat([
  Buffer.from("RIFF"),
  Buffer.from([36, 0, 0, 0]),
  Buffer.from("WAVEfmt "),
  Buffer.alloc(64),
]);

let numbers = 0;

/** Says nothing of the time, as Retell's ids. */
export function newCallId(): string {
  return `call_${(++numbers).toString(16).padStart(27, "8b4ae1c23f55e5126bc4bd426")}`;
}

/** A call that began so many minutes ago, with everything that the platform has of it. */
export function endedCall(call_id: string, minutesAgo: number, more: Partial<RetellCall> = {}): RetellCall {
  const start_timestamp = Date.now() - minutesAgo * 60_000;
  return {
    ...retellCall({ call_id }).analytics().call,
    start_timestamp,
    end_timestamp: start_timestamp + 76_402,
    access_token: "SECRET-TOKEN",
    custom_sip_headers: { Authorization: "SECRET-HEADER" },
    public_log_url: "https://logs.example.com/SECRET-LOG",
    knowledge_base_retrieved_contents_url: "https://logs.example.com/SECRET-CONTENTS",
    opt_in_signed_url: true,
    agent_override: { retell_llm: { general_prompt: "SECRET-PROMPT" } },
    ...more,
  };
}

/** A call that nobody answered: it has no time. */
export function unconnectedCall(call_id: string): RetellCall {
  return endedCall(call_id, 0, {
    call_status: "not_connected",
    direction: "outbound",
    start_timestamp: undefined,
    end_timestamp: undefined,
    duration_ms: 0,
    disconnection_reason: "dial_no_answer",
    transcript: "",
    transcript_object: [],
    transcript_with_tool_calls: [],
    recording_url: undefined,
    call_cost: { combined_cost: 0 },
    latency: undefined,
    collected_dynamic_variables: undefined,
    call_analysis: { call_summary: "", user_sentiment: "Unknown", call_successful: false, custom_analysis_data: {} },
  });
}
