import * as z from "zod";
import type { Ask } from "./ask-ledger.ts";
import { UsageError } from "./command.ts";
import { confirmOrRefuse } from "./confirm.ts";
import { runLedgerCommand } from "./ledger-command.ts";
import { followSending, progressText, sendingState } from "./sending.ts";

const preview = z.object({ deliveries: z.number(), more: z.boolean() });

await runLedgerCommand({
  name: "retry",
  about: `Sends failed deliveries again: all of them, or some. With --from and --to, sends every event of these days again, whether it \
was delivered or not, to a destination that is new as well. Says how many, and asks.`,
  options: [
    { name: "from", value: "<time>", help: "a range: of events from then on: a UTC day, or a moment" },
    { name: "to", value: "<time>", help: "a range: of events before then, or until the end of a UTC day" },
    { name: "event", value: "<name>", help: "only of these: call.start, call.end or analytics.completed" },
    { name: "destination", value: "<name>", help: "only to this destination" },
    { name: "event-id", value: "<id>", help: "of failed ones only those of this event id" },
    { name: "stop", value: "<job>", help: "stop the job that sends a range" },
    { name: "yes", help: "send without asking" },
  ],
  async run(ask, given, signal) {
    const job = given.text("stop");
    if (job !== undefined) {
      const state = sendingState.parse(await ask("POST", `/api/jobs/${encodeURIComponent(job)}/stop`));
      console.log(`${state.status}: ${progressText(state)}`);
      return true;
    }
    const range = { from: given.text("from"), to: given.text("to") };
    const isRange = range.from !== undefined || range.to !== undefined;
    if (isRange && (range.from === undefined || range.to === undefined)) {
      throw new UsageError("A range takes both --from <time> and --to <time>.");
    }
    const ofEvent = { event: given.text("event"), event_id: given.text("event-id") };
    const chosen = { ...range, ...ofEvent, destination: given.text("destination") };
    const { deliveries, more } = preview.parse(await ask("POST", "/api/deliveries/retry/preview", chosen));
    console.error(countText(deliveries, more, isRange));
    if (deliveries === 0 && !more) {
      console.log("0 sent again");
      return true;
    }
    if (!given.isOn("yes") && !(await confirmOrRefuse("Send again?", "Nothing is sent", signal))) {
      console.error("Nothing is sent.");
      return false;
    }
    console.log(isRange ? await followSending(ask, chosen, signal) : `${await sendFailed(ask, chosen)} sent again`);
    return true;
  },
});

function countText(deliveries: number, more: boolean, isRange: boolean): string {
  const count = `${deliveries}${more ? " or more" : ""} ${deliveries === 1 && !more ? "delivery" : "deliveries"}`;
  if (isRange) return `The range has ${count}.`;
  return `${count} ${deliveries === 1 && !more ? "has" : "have"} failed.`;
}

async function sendFailed(ask: Ask, chosen: object): Promise<number> {
  let retried = 0;
  for (let more: unknown = true; more === true; ) {
    const answer = await ask("POST", "/api/deliveries/retry", chosen);
    retried += Number(answer["retried"]);
    more = answer["more"];
  }
  return retried;
}
