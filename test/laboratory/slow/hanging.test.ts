import { afterEach, expect, test, vi } from "vitest";
import { SYNC_SECRET } from "../../support/downstream.ts";
import { documentedCall } from "../../support/events.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { post } from "../../support/post.ts";
import { startReceiver } from "../../support/receiver.ts";
import { runCron } from "../../support/stores/relay.ts";

const MINUTE_MILLISECONDS = 60_000;

const opened: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function open<T extends { close(): Promise<unknown> }>(opening: Promise<T>): Promise<T> {
  const one = await opening;
  opened.push(one);
  return one;
}

test.each(["SYNC_URL", "SLACK_WEBHOOK_URL"])(
  "a destination that hangs, by %s, is given up after ten seconds and tried again",
  async (setting) => {
    const receiver = await open(startReceiver());
    const ledger = await open(bootOnNetwork({ env: { SYNC_SECRET, [setting]: receiver.url } }));
    receiver.reset((response, nth) => void (nth > 1 && response.writeHead(200).end("ok")));
    await post(ledger.url, documentedCall({ call_id: "hangs" }).analytics({ metrics: { rating: 1 } }));
    const row = ledger.DB.prepare("SELECT state, attempts, last_error FROM sync_deliveries");
    await vi.waitFor(
      async () =>
        expect(await row.first()).toEqual({ state: "delivered", attempts: 2, last_error: "no answer within 10 s" }),
      { timeout: 200_000, interval: 100 },
    );
  },
);

test("who is to be told of alerts and hangs is given up after ten seconds, whatever else there is to tell", async () => {
  const slack = await open(startReceiver());
  const receiver = await open(startReceiver());
  const env = { SLACK_WEBHOOK_URL: slack.url, ALERT_URL: receiver.url, SYNC_SECRET };
  const ledger = await open(bootOnNetwork({ env }));
  let minute = Math.floor(Date.now() / MINUTE_MILLISECONDS);
  const pass = async (minutes: number) => {
    for (let nth = 0; nth < minutes; nth++) await runCron(ledger.url, new Date(++minute * MINUTE_MILLISECONDS));
  };
  await post(ledger.url, "[]");
  await post(ledger.url, documentedCall({ call_id: "c" }).analytics());
  await ledger.DB.exec("UPDATE sync_deliveries SET state = 'failed', overdue_at = NULL");
  await pass(5);
  slack.reset();
  receiver.reset(() => {});
  const began = Date.now();
  await pass(1);
  expect(Date.now() - began).toBeLessThan(15_000);
  expect(receiver.requests).toHaveLength(1);
  expect(slack.requests).toHaveLength(2);
  receiver.reset();
  await pass(1);
  const kinds = receiver.requests.map(({ text }) => `${JSON.parse(text).type} ${JSON.parse(text).data.alert}`);
  expect(kinds).toEqual(["alert.opened quarantined", "alert.opened deliveries-failed"]);
});
