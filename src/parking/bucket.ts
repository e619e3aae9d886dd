import pMap from "p-map";
import { askStore, MAX_CONNECTIONS, STORE_TIMEOUT_MS, StoreError } from "../stores/ask.ts";
import { letOthersIn } from "../stores/batches.ts";
import { type ListableParking, orderOf, type ParkedBody, type ParkedKey } from "./parking.ts";

export const PARKED_PREFIX = "parked/";

/** R2 keeps 8,192 bytes of metadata an object. */
const MAX_REASON_CHARACTERS = 1000;

/** The due time comes first, so that a listing begins with what is due. */
const keyOf = (parked: ParkedKey) => `${PARKED_PREFIX}${orderOf(parked)}.json`;

/** Parks in R2, for when D1 fails: the body lies there as it is. */
export function bucketParking(bucket: R2Bucket): ListableParking {
  const park: ListableParking["park"] = async (
    { platform, body, sha256, receivedAt },
    reason,
    timeoutMs,
    dueAt = receivedAt,
  ) => {
    const key = keyOf({ due_at: dueAt, received_at: receivedAt, sha256 });
    const options = {
      httpMetadata: { contentType: "application/json" },
      customMetadata: { platform, reason: reason.slice(0, MAX_REASON_CHARACTERS) },
    };
    await askStore("R2", () => bucket.put(key, body, options), { timeoutMs });
  };
  const read = async (parked: ParkedBody, index: number) => {
    await letOthersIn(index);
    try {
      return await askStore("R2", async () => {
        const object = await bucket.get(keyOf(parked));
        if (object === null) return undefined;
        const { platform, sha256, received_at: receivedAt } = parked;
        return { platform, body: await object.arrayBuffer(), sha256, receivedAt };
      });
    } catch (error) {
      // One that cannot be read must not keep the others.
      if (error instanceof StoreError) return error;
      throw error;
    }
  };
  const remove = (parked: readonly ParkedKey[]) => askStore("R2", () => bucket.delete(parked.map(keyOf)));
  return {
    store: "R2",
    park,
    async list(limit, after) {
      const options: R2ListOptions = {
        prefix: PARKED_PREFIX,
        limit,
        include: ["customMetadata"],
        ...(after && { startAfter: keyOf(after) }),
      };
      const { objects, truncated: more } = await askStore("R2", () => bucket.list(options));
      return { parked: objects.flatMap(parkedBodyOf), more };
    },
    read: (parked) => pMap(parked, read, { concurrency: MAX_CONNECTIONS }),
    async postpone(postponed) {
      const moved = postponed.flatMap(({ received, ...rest }) =>
        received === undefined ? [] : [{ received, ...rest }],
      );
      const copied: ParkedBody[] = [];
      const copy = async ({ parked, received, until, reason }: (typeof moved)[number]) => {
        await park(received, reason, STORE_TIMEOUT_MS, until);
        copied.push(parked);
      };
      try {
        await pMap(moved, copy, { concurrency: MAX_CONNECTIONS });
      } finally {
        // Should one fail, too: else each run would leave copies of the others.
        if (copied.length > 0) await remove(copied);
      }
    },
    remove,
  };
}

function parkedBodyOf({ key, size, customMetadata }: R2Object): ParkedBody[] {
  const [due_at, received_at, name] = key.slice(PARKED_PREFIX.length).split("/");
  if (due_at === undefined || received_at === undefined || name === undefined) return [];
  const { platform = "", reason = "" } = customMetadata ?? {};
  return [{ store: "R2", platform, sha256: name.replace(/\.json$/, ""), received_at, due_at, reason, size }];
}
