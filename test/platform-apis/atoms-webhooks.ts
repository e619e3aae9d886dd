import * as z from "zod";
import { answerOnLoopback } from "../support/answer-on-loopback.ts";

export const KEY = "sk_key-of-the-stand-in";

interface StandInSubscription {
  webhookId: string;
  eventType: string;
}

interface StandInAgent {
  _id: string;
  name: string | null;
  subscriptions: StandInSubscription[];
}

interface StandInWebhook {
  _id: string;
  url: string;
  status: string | null;
  decryptedSecretKey: string | null;
}

/** How a request fails. `lost`: it is carried out, and its answer gets lost. */
export type Fault = keyof typeof failures | "lost";

const refusal = (status: number, error: string) => Response.json({ status: false, errors: [error] }, { status });
const html = (status: number, body: string) =>
  new Response(body, { status, headers: { "Content-Type": "text/html; charset=utf-8" } });

const failures = {
  "401": () => refusal(401, "Unauthorized: User not found"),
  "403": () => refusal(403, `Not with ${KEY}: upgrade to a higher plan`),
  "500": () => refusal(500, "Internal server error"),
  "502": () => html(502, "<h1>Bad gateway</h1>"),
  html: () => html(200, "<h1>Atoms</h1>"),
  nulls: () => Response.json({ status: true, data: null }),
  hang: () => undefined,
  "429 header": () => Response.json({ message: "Slow down" }, { status: 429, headers: { "Retry-After": "0.01" } }),
  "429 body": () => Response.json({ status: false, error: "Slow down", retry_after: 0.01 }, { status: 429 }),
  "429 class": () => Response.json({ message: "Slow down", rateLimit: { retryAfterSec: 0.01 } }, { status: 429 }),
  "429 for long": () => Response.json({ message: "Slow down" }, { status: 429, headers: { "Retry-After": "3600" } }),
} as const satisfies Record<string, () => Response | undefined>;

const newWebhook = z.object({ endpoint: z.string(), description: z.string(), events: z.array(z.unknown()) });
const newSubscriptions = z.object({ webhookId: z.string(), eventTypes: z.array(z.string()).min(1) });

/** Agents a page, whatever is asked for: the server's own limit is not documented. */
const PAGE = 2;

/**
 * The webhooks, agents and subscriptions of Atoms' REST API, on loopback, as its reference describes them, texts included. Subscribing an
 * agent replaces all that it had.
 * @param onChange called with what is made
 * @example await using atoms = await openAtomsWebhooks();
 */
export async function openAtomsWebhooks(onChange: (change: string) => void = () => {}) {
  const agents: StandInAgent[] = [];
  const webhooks: StandInWebhook[] = [];
  /** Requests like `POST /webhook`, to the faults that the next of them meet, in order. */
  const faults = new Map<string, Fault[]>();
  const requests: string[] = [];
  const state = { showsSecrets: true };

  let made = 0;
  const newId = (kind: string) => kind.padEnd(16, "0") + String(++made).padStart(8, "0");
  const success = (data: unknown, status = 200) => Response.json({ status: true, data }, { status });
  const shown = (webhook: StandInWebhook) => ({
    ...webhook,
    decryptedSecretKey: state.showsSecrets ? webhook.decryptedSecretKey : null,
  });

  function readWebhooks({ searchParams }: URL): Response {
    const id = searchParams.get("webhookId");
    // One of somebody else that has lost all it had.
    if (id === null) return success([{ _id: null, url: null, status: null }, ...webhooks.map(shown)]);
    const webhook = webhooks.find(({ _id }) => _id === id);
    return webhook ? success(shown(webhook)) : refusal(404, "Webhook not found");
  }

  function makeWebhook(body: unknown): Response {
    const { success: fits, data } = newWebhook.safeParse(body);
    if (!fits) return refusal(400, "Invalid input");
    if (webhooks.some(({ url }) => url === data.endpoint)) {
      return refusal(400, "A webhook with this URL has already been registered");
    }
    const _id = newId("fab");
    webhooks.push({ _id, url: data.endpoint, status: "enabled", decryptedSecretKey: `secret-of-${_id}` });
    onChange("webhook");
    return success(_id, 201);
  }

  function readAgents({ searchParams }: URL): Response {
    const start = (Number(searchParams.get("page")) - 1) * PAGE;
    const page = agents.slice(start, start + PAGE).map(({ _id, name }) => ({ _id, name, archived: null }));
    return success({ agents: page, totalCount: agents.length, hasMore: start + PAGE < agents.length });
  }

  function answerOfAgent(id: string, method: string, body: unknown): Response {
    const agent = agents.find(({ _id }) => _id === id);
    if (agent === undefined) return refusal(404, "Agent not found");
    if (method === "GET") {
      return success(
        agent.subscriptions.map(({ webhookId, eventType }) => ({
          webhookId: { _id: webhookId },
          eventType,
          agentId: id,
        })),
      );
    }
    const { success: fits, data } = newSubscriptions.safeParse(body);
    if (!fits) return refusal(400, "Invalid input");
    agent.subscriptions = data.eventTypes.map((eventType) => ({ webhookId: data.webhookId, eventType }));
    onChange(`subscribed ${agent.name}`);
    return success("Subscriptions created successfully", 201);
  }

  function answer(asked: string, url: URL, body: unknown): Response {
    switch (asked) {
      case "GET /account/get-account-details":
        return Response.json({ userId: "1", email: "a@example.com", organizations: [{ orgId: "1", name: "Acme" }] });
      case "GET /webhook":
        return readWebhooks(url);
      case "POST /webhook":
        return makeWebhook(body);
      case "GET /agent":
        return readAgents(url);
    }
    const [, method, id] = /^(GET|POST) \/agent\/([^/]+)\/webhook-subscriptions$/.exec(asked) ?? [];
    if (method !== undefined && id !== undefined) return answerOfAgent(id, method, body);
    return html(404, `<pre>Cannot ${asked.replace(" ", " /atoms/v1")}</pre>`);
  }

  const server = await answerOnLoopback(async (request) => {
    const url = new URL(request.url);
    const asked = `${request.method} ${url.pathname.replace("/atoms/v1", "")}`;
    requests.push(asked);
    const fault = faults.get(asked)?.shift();
    if (fault !== undefined && fault !== "lost") return failures[fault]();
    if (request.headers.get("authorization") !== `Bearer ${KEY}`) return failures["401"]();
    const text = await request.text();
    const answered = answer(asked, url, text === "" ? undefined : JSON.parse(text));
    return fault === "lost" ? failures["500"]() : answered;
  });

  return {
    agents,
    webhooks,
    faults,
    requests,
    state,
    base: `${server.url}/atoms/v1`,
    addAgent(name: string | null, ...subscriptions: StandInSubscription[]) {
      const agent: StandInAgent = { _id: newId("a9e"), name, subscriptions };
      agents.push(agent);
      return agent;
    },
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}
