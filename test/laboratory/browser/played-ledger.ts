import { SYNC_SECRET, startDownstream } from "../../support/downstream.ts";
import { documentedCall } from "../../support/events.ts";
import { everyPlatform, everySecret } from "../../support/every-platform.ts";
import { bootLedger } from "../../support/ledger.ts";
import { post } from "../../support/post.ts";
import { planDay } from "../simulator/day.ts";
import { send } from "../simulator/send.ts";

/** What a hostile caller says, and what a hostile platform sends: markup that wants to be run. */
export const MARKUP = `<img src=x onerror="document.title='run'"><script>alert(1)</script>"'&lt;`;

/** A real ledger with a day of the simulator in it, a call full of markup, and a downstream that refuses that one once. */
export async function bootPlayedLedger({ calls = 60 } = {}) {
  const downstream = await startDownstream();
  const ledger = await bootLedger({
    env: { ...everyPlatform, SYNC_URL: downstream.url, SYNC_SECRET },
    maxRetries: 0,
  });
  const day = planDay(1, calls);
  const target = { url: ledger.url, secrets: everySecret };
  const { surprises } = await send(day.deliveries, target, { signal: AbortSignal.timeout(120_000) });
  if (surprises.length > 0) throw new Error(`${surprises.length} answers were not as planned`);

  const hostile = documentedCall({ call_id: `hostile ${MARKUP}`, agent_id: MARKUP });
  downstream.behave(`hostile ${MARKUP}`, (response, _delivery, nth) => response.writeHead(nth === 1 ? 400 : 200).end());
  await post(ledger.url, hostile.start({ timestamp: "2026-09-29T12:00:00Z", caller_phone: MARKUP }));
  await post(
    ledger.url,
    hostile.end({
      timestamp: "2026-09-29T12:05:00Z",
      disposition: MARKUP,
      transcript: [
        { role: "user", content: MARKUP, timestamp: MARKUP },
        { role: MARKUP, content: "x".repeat(2000), timestamp: "2026-09-29T12:01:00Z" },
      ],
      variables: { [MARKUP]: MARKUP },
    }),
  );
  await post(ledger.url, hostile.analytics({ timestamp: "2026-09-29T12:06:00Z", metrics: { [MARKUP]: MARKUP } }));
  return {
    ...ledger,
    downstream,
    token: "token-of-the-tests",
    /** The day that was played, `2026-09-29`. */
    day: new Date(day.deliveries[0]?.at ?? 0).toISOString().slice(0, "2026-09-29".length),
    async close() {
      await ledger.harness.close();
      await downstream.close();
    },
  };
}
