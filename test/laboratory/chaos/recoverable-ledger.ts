import { expect } from "vitest";
import { SYNC_SECRET, startDownstream } from "../../support/downstream.ts";
import { everyPlatform, postAs } from "../../support/every-platform.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import type { Answer } from "../../support/post.ts";
import type { Faults } from "../../support/stores/faults.ts";
import { faultyHeaders } from "../../support/stores/faults.ts";
import { listKeys } from "../../support/stores/objects.ts";
import { relayUntil, replayQuarantine } from "../../support/stores/relay.ts";
import { takeSnapshot } from "../../support/stores/snapshot.ts";
import { watchLedger } from "./ledger-state.ts";
import { sha256Of } from "./make-call.ts";
import type { PlatformBody } from "./platform-body.ts";

const RECOVERY = { timeoutMilliseconds: 120_000 };

/** Boots a ledger of all platforms, with a destination, on stores that fail as a request says and can be compared with what they were. */
export async function bootRecoverable() {
  const downstream = await startDownstream();
  const ledger = await bootOnNetwork({
    main: "test/support/stores/faulty-ledger.ts",
    env: { ...everyPlatform, SYNC_URL: downstream.url, SYNC_SECRET },
  });
  const { url, DB, ARCHIVE } = ledger;
  const read = watchLedger(DB, ARCHIVE);
  const lastInTheQueue = new Set<string>();
  const isLastInTheQueue = (key: string) => lastInTheQueue.has(key.replace(/^.*\/|\.json$/g, ""));

  /** Sends a body as its platform does, on stores that fail for it alone. */
  const send = ({ platform, body }: Pick<PlatformBody, "platform" | "body">, faults: Faults = {}): Promise<Answer> =>
    postAs(platform, url, body, faultyHeaders(faults));

  return {
    url,
    DB,
    ARCHIVE,
    worker: ledger.worker,
    downstream,
    read,
    send,
    /** Brings back all that is parked, and all that the queue carries, whose last message is a body for the quarantine. */
    async recoverAll(): Promise<void> {
      const body = JSON.stringify(`the last in the queue, ${crypto.randomUUID()}`);
      const parked = { body: { status: "parked" } };
      expect(await send({ platform: "atoms", body }, { R2: "before" })).toMatchObject(parked);
      lastInTheQueue.add(sha256Of(body));
      const isOver = async () => {
        const { parked, deliveries } = await read();
        if (parked > 0 || deliveries.some(({ state }) => state === "pending")) return false;
        return (await listKeys(ARCHIVE, "quarantine/")).some((key) => key.includes(sha256Of(body)));
      };
      await relayUntil(url, isOver, RECOVERY);
      // A store that failed at one body while others got through has sent it there.
      await replayQuarantine(url);
    },
    snapshot: () => takeSnapshot(DB, ARCHIVE, isLastInTheQueue),
    async close(): Promise<void> {
      await ledger.close();
      await downstream.close();
    },
  };
}
