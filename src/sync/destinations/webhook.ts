import { type EventName, eventName } from "../../events/event.ts";
import { sha256 } from "../../events/received.ts";
import type { PlannedDelivery } from "../../ledger/deliveries.ts";
import { withJson } from "../../ledger/schema.ts";
import type { SettingProblem } from "../../settings.ts";
import type { Destination } from "./destination.ts";
import { addressProblems, postSigned } from "./post.ts";

/** What is sent while `SYNC_EVENTS` is empty, or names no event. */
const DEFAULT_EVENTS: readonly EventName[] = ["analytics.completed"];

/**
 * POSTs the events that `SYNC_EVENTS` names, each with its whole call, to `SYNC_URL`, signed with `SYNC_SECRET`. Switched off while
 * `SYNC_URL` is empty.
 */
export function webhook(env: Env): Destination | undefined {
  const { SYNC_URL: url, SYNC_SECRET: secret } = env;
  if (!url) return undefined;
  const { events, problems } = readEvents(env.SYNC_EVENTS);
  return {
    name: "webhook",
    problems: [...addressProblems("SYNC_URL", url, secret), ...problems],
    events,
    async deliver(delivery) {
      return postSigned(new URL(url), secret, await webhookId(delivery), JSON.stringify(deliveryBody(delivery)));
    },
  };
}

/** Reads a comma list of names of events. One that is none is a problem; the others count. */
function readEvents(setting: string | undefined): { events: readonly EventName[]; problems: SettingProblem[] } {
  const names = (setting ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const events = eventName.options.filter((event) => names.includes(event));
  const isWrong = names.some((name) => !eventName.safeParse(name).success);
  return {
    events: events.length === 0 ? DEFAULT_EVENTS : events,
    problems: isWrong
      ? [{ setting: "SYNC_EVENTS", problem: `names an event other than ${eventName.options.join(", ")}` }]
      : [],
  };
}

function deliveryBody({ event, event_id, occurred_at, call }: PlannedDelivery) {
  return { type: event, timestamp: occurred_at, data: { event_id, call: withJson(call) } };
}

/** Returns the id by which a receiver tells repetitions. The call is in it, since events of two calls may have the same id. */
function webhookId({ call_id, event, event_id }: PlannedDelivery): Promise<string> {
  return sha256([call_id, event, event_id].join("\n"));
}
