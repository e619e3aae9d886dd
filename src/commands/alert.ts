import * as z from "zod";
import { UsageError } from "./command.ts";
import { runLedgerCommand } from "./ledger-command.ts";

const answerShape = z.array(z.object({ channel: z.string(), sent: z.number(), reason: z.string().nullable() }));

const settings: Record<string, string> = { slack: "SLACK_WEBHOOK_URL", receiver: "ALERT_URL" };

await runLedgerCommand({
  name: "alert",
  about: "Sends an alert of each kind, marked as a test, to Slack and to ALERT_URL.",
  options: [{ name: "test", help: "send them" }],
  async run(ask, given) {
    if (!given.isOn("test")) throw new UsageError("Alerts come by themselves. --test sends one of each kind.");
    const { channels } = await ask("POST", "/api/alerts/test", {});
    const results = answerShape.parse(channels);
    if (results.length === 0) console.error("Neither SLACK_WEBHOOK_URL nor ALERT_URL is set.");
    for (const { channel, sent, reason } of results) {
      console.log(`${settings[channel] ?? channel}: ${sent} sent${reason === null ? "" : `, then: ${reason}`}`);
    }
    return results.length > 0 && results.every(({ reason }) => reason === null);
  },
});
