import { vapiCall } from "../support/vapi.ts";
import { send, startApi } from "./server.ts";

/** A call at the platform. */
export interface VapiCall {
  id: string;
  createdAt: string;
  [field: string]: unknown;
}

/** Vapi's API for calls. Its key is `vapi_private`. */
export async function startVapi() {
  const calls = new Map<string, VapiCall>();
  const about = {
    /** Called before a page of the list is answered. */
    beforePage: (_createdAtLe: string): void => {},
    /** Items besides the calls. */
    oddItems: [] as unknown[],
    /** Whether the list has the oldest first. */
    isReversed: false,
  };
  const api = await startApi({
    isAllowed: ({ headers }) => headers.authorization === "Bearer vapi_private",
    answer(to, { pathname, searchParams: query }) {
      const [, kind, id = "", what] = pathname.split("/").map(decodeURIComponent);
      if (kind === "phone-number") {
        return send(to, 200, { id, number: "+15559876543", twilioAuthToken: "SECRET-TOKEN", name: "Front desk" });
      }
      const call = calls.get(id);
      if (id === "") return list();
      if (call === undefined) return send(to, 404, { message: "Call not found", statusCode: 404 });
      if (what !== "mono-recording") return send(to, 200, call);
      to.writeHead(302, { Location: `https://storage.example.com/${id}.wav?fresh=1` }).end();

      function list() {
        const [from, until] = [query.get("createdAtGe") ?? "", query.get("createdAtLe") ?? "9"];
        about.beforePage(until);
        const found = [...calls.values()]
          .filter(({ createdAt }) => createdAt >= from && createdAt <= until)
          .sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
        if (about.isReversed) found.reverse();
        send(to, 200, [...found.slice(0, Number(query.get("limit") ?? 100)), ...about.oddItems]);
      }
    },
  });
  return {
    ...api,
    about,
    put: (call: VapiCall) => void calls.set(call.id, { ...calls.get(call.id), ...call }),
    reset() {
      api.reset();
      calls.clear();
      Object.assign(about, { beforePage: () => {}, oddItems: [], isReversed: false });
    },
  };
}

/** A call of 76.4 s that began 17 s after it was created and ended as calls do, with secrets of the customer in it. */
export function endedVapiCall(id: string, createdAt: string, more: object = {}): VapiCall {
  const { message } = vapiCall({ call_id: id }).report();
  const at = (ms: number) => new Date(Date.parse(createdAt) + ms).toISOString();
  const { call, customer, cost, endedReason, analysis } = message;
  const prompt = { role: "system", message: "SECRET-PROMPT", time: Date.parse(createdAt), secondsFromStart: 0 };
  return {
    ...call,
    status: "ended",
    createdAt,
    startedAt: at(17_000),
    endedAt: at(93_402),
    updatedAt: at(98_000),
    customer,
    cost,
    endedReason,
    analysis,
    artifact: {
      ...message.artifact,
      messages: [prompt, ...message.artifact.messages.slice(1)],
      messagesOpenAIFormatted: [{ role: "system", content: "SECRET-PROMPT" }],
      presignedMonoUrl: "https://storage.example.com/SECRET-LINK",
    },
    messages: [prompt],
    assistant: { model: { messages: [prompt] }, server: { headers: { "X-Key": "SECRET-HEADER" } } },
    assistantOverrides: { model: { messages: [prompt] } },
    ...more,
  };
}
