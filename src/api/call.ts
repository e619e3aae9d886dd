import * as z from "zod";
import { readConversation } from "../archive/conversation.ts";
import { conversationText } from "../archive/conversation-text.ts";
import { type Problem, problemResponse } from "../http/problem.ts";
import { readCall } from "../ledger/call-details.ts";
import { withJson } from "../ledger/calls.ts";
import { deliveryRow, eventRow } from "../ledger/rows.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { callAnswer } from "./calls.ts";
import { nothing, operation } from "./operation.ts";

/** `GET /api/calls/{call_id}`: a call with its events and deliveries. */
export const getCall = operation({
  method: "get",
  path: "/calls/{call_id}",
  summary: "A call, its events and its deliveries",
  query: nothing,
  body: nothing,
  answers: {
    "application/json": z.object({
      call: callAnswer,
      events: z.array(eventRow.extend({ payload: z.unknown().describe("the body, without the transcript") })),
      deliveries: z.array(deliveryRow),
    }),
  },
  mayBeMissing: true,
  async perform({ parameter: callId }, env) {
    const details = await attempt(() => readCall(env.DB, callId), STORE_LIMIT);
    if (details === undefined) return unknownCall();
    const { call, events, deliveries } = details;
    const payload = (text: string): unknown => JSON.parse(text);
    return Response.json({
      call: withJson(call),
      events: events.map((event) => ({ ...event, payload: payload(event.payload) })),
      deliveries,
    });
  },
});

/** `GET /api/calls/{call_id}/transcript`: what was said, as JSON or, with `Accept: text/plain`, for reading. */
export const getTranscript = operation({
  method: "get",
  path: "/calls/{call_id}/transcript",
  summary: "What was said in a call; with Accept: text/plain for reading",
  query: nothing,
  body: nothing,
  answers: {
    "application/json": z.object({
      call_id: z.string(),
      turns: z.array(
        z.object({
          role: z.string().nullable(),
          content: z.string(),
          timestamp: z.string().nullable().describe("free text, as the platform sent it"),
        }),
      ),
    }),
    "text/plain": z.string(),
  },
  mayBeMissing: true,
  async perform({ parameter: call_id, request }, env) {
    const details = await attempt(() => readCall(env.DB, call_id), STORE_LIMIT);
    if (details === undefined) return unknownCall();
    const { transcript_key: key } = details.call;
    if (key === null) return missing("no-transcript", "No transcript", "The call has not ended, or had none.");
    const archived = await attempt(() => readConversation(env.ARCHIVE, key), STORE_LIMIT);
    if (archived === undefined) return missing("no-transcript", "No transcript", "Its object is not in the archive.");

    const { turns } = archived;
    const headers = { Vary: "Accept" };
    if (!prefersText(request)) return Response.json({ call_id, turns }, { headers });
    return new Response(conversationText(turns), {
      headers: { ...headers, "Content-Type": "text/plain; charset=utf-8" },
    });
  },
});

/** Text only for who asks for it by name and not for JSON: that is what a person at a terminal does. */
function prefersText(request: Request): boolean {
  const accepted = (request.headers.get("Accept") ?? "").toLowerCase();
  return accepted.includes("text/plain") && !accepted.includes("application/json");
}

export function unknownCall(): Response {
  return missing("unknown-call", "Unknown call", "There is no call of this id.");
}

function missing(type: Problem["type"], title: string, detail: string): Response {
  return problemResponse({ status: 404, type, title, detail });
}
