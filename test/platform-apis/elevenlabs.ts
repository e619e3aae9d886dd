import { elevenLabsCall } from "../support/elevenlabs.ts";
import { send, startApi } from "./server.ts";

/** A conversation at the platform: the webhook's `data`, and more. */
export interface Conversation {
  conversation_id: string;
  agent_id?: string | null;
  status?: string | null;
  metadata?: { start_time_unix_secs?: unknown; call_duration_secs?: unknown } | null;
  [field: string]: unknown;
}

const PATH = "/v1/convai/conversations";

/** ElevenLabs' API for conversations. Its key is `xi_elevenlabs`. */
export async function startElevenLabs() {
  const calls = new Map<string, Conversation>();
  const about = {
    /** Called before a page of the list is answered; the first is 1. */
    beforePage: (_page: number): void => {},
    /** Items besides the conversations. */
    oddItems: [] as unknown[],
  };
  const api = await startApi({
    isAllowed: ({ headers }) => headers["xi-api-key"] === "xi_elevenlabs",
    answer(to, { pathname, searchParams }) {
      if (pathname === PATH) return list(searchParams);
      const call = calls.get(decodeURIComponent(pathname.slice(PATH.length + 1)));
      return call === undefined ? send(to, 404, { detail: { status: "document_not_found" } }) : send(to, 200, call);

      function list(query: URLSearchParams) {
        const size = Math.min(Number(query.get("page_size") ?? 30), 100);
        const offset = Number((query.get("cursor") ?? "from_0").slice("from_".length));
        about.beforePage(offset / size + 1);
        const [after, before] = [Number(query.get("call_start_after_unix") ?? 0), query.get("call_start_before_unix")];
        const found = [...calls.values()]
          .filter((one) => startOf(one) >= after && (before === null || startOf(one) <= Number(before)))
          .sort((one, other) => startOf(other) - startOf(one));
        const conversations: unknown[] = found.slice(offset, offset + size).map(itemOf);
        const has_more = found.length > offset + size;
        conversations.push(...about.oddItems);
        send(to, 200, { conversations, has_more, next_cursor: has_more ? `from_${offset + size}` : null });
      }
    },
  });
  return {
    ...api,
    about,
    put: (call: Conversation) => void calls.set(call.conversation_id, { ...calls.get(call.conversation_id), ...call }),
    reset() {
      api.reset();
      calls.clear();
      Object.assign(about, { beforePage: () => {}, oddItems: [] });
    },
  };
}

function startOf({ metadata }: Conversation): number {
  const start = metadata?.start_time_unix_secs;
  return typeof start === "number" ? start : Math.floor(Date.now() / 1000) - 3600;
}

function itemOf({ conversation_id, agent_id, status, metadata }: Conversation): object {
  const { start_time_unix_secs = null, call_duration_secs = null } = metadata ?? {};
  return { agent_id, conversation_id, start_time_unix_secs, call_duration_secs, message_count: 5, status };
}

/** A conversation of 76 s that ended as calls do, with secrets of the customer in it. */
export function endedConversation(conversation_id: string, startSeconds: number, more: object = {}): Conversation {
  const { data } = elevenLabsCall({ call_id: conversation_id }).transcription();
  const headers = { Authorization: "SECRET-HEADER" };
  const [greeting, ...others] = data.transcript;
  return {
    ...data,
    metadata: { ...data.metadata, start_time_unix_secs: startSeconds },
    transcript: [
      { ...greeting, agent_metadata: { prompt: "SECRET-PROMPT" } },
      ...others.map((turn) => ({
        ...turn,
        tool_calls: turn.tool_calls?.map((call) => ({ ...call, tool_details: { type: "webhook", headers } })),
      })),
    ],
    conversation_initiation_client_data: {
      ...data.conversation_initiation_client_data,
      conversation_config_override: { agent: { prompt: { prompt: "SECRET-PROMPT" } } },
      custom_llm_extra_body: { note: "SECRET-BODY" },
      dynamic_variables: {
        ...data.conversation_initiation_client_data.dynamic_variables,
        secret__token: "SECRET-VARIABLE",
      },
    },
    ...more,
  };
}
