import { randomBytes } from "node:crypto";
import { type LocalLedger, startLocalLedger } from "../simulator/local-ledger.ts";
import { newSecret, type Secrets, settingsOf } from "../simulator/platforms/index.ts";
import { platformNames } from "../simulator/platforms/platform.ts";
import { type Receiver, startReceiver } from "../simulator/receiver.ts";
import { type Door, openDoor } from "./door.ts";
import { type Inspector, inspector } from "./inspector.ts";

const STATE = ".wrangler/chaos";

/** A ledger on faulty stores that can be killed and goes on with what it had on disk. */
export interface SoakLedger {
  receiver: Receiver;
  stores: Inspector;
  readonly url: string;
  /** Where the runtime's inspector is. */
  readonly inspector: string;
  /** How often it has been started. */
  readonly lives: number;
  /** Resolves when there is a ledger to send to. */
  door(): Promise<Door>;
  /** Kills the runtime and everything around it, and starts it again on the same state. */
  killAndRestart(): Promise<void>;
  close(): Promise<void>;
}

/** @param connections the most that are open at a time */
export async function startSoakLedger(connections: number, signal: AbortSignal): Promise<SoakLedger> {
  const secrets: Secrets = Object.fromEntries(platformNames.map((name) => [name, newSecret(name)]));
  const syncSecret = `whsec_${randomBytes(32).toString("base64")}`;
  const receiver = await startReceiver(syncSecret);
  const start = (keep: boolean) =>
    startLocalLedger({
      state: STATE,
      keep,
      entry: "test/support/stores/faulty-ledger.ts",
      variables: {
        ...settingsOf(secrets),
        API_TOKEN: "token-of-the-tests",
        SYNC_URL: receiver.url,
        SYNC_SECRET: syncSecret,
      },
      signal,
    });

  let ledger: LocalLedger = await start(false);
  let lives = 1;
  let door = Promise.resolve(openDoor(ledger.url, secrets, connections));

  return {
    receiver,
    stores: inspector(() => ledger.url),
    get url() {
      return ledger.url;
    },
    get inspector() {
      return ledger.inspector;
    },
    get lives() {
      return lives;
    },
    door: () => door,
    async killAndRestart() {
      const before = await door;
      const { promise, resolve } = Promise.withResolvers<Door>();
      door = promise;
      await ledger.kill();
      before.close();
      ledger = await start(true);
      lives += 1;
      resolve(openDoor(ledger.url, secrets, connections));
    },
    async close() {
      await Promise.allSettled([door.then((open) => open.close()), ledger.stop(), receiver.close()]);
    },
  };
}
