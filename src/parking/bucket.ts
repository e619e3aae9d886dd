import type { ParkedItem, ParkingShelf } from "./parked.ts";

export const PARKED_PREFIX = "parked/";

/** The time comes first in the key, so that a listing is oldest first. */
const keyOf = (receivedAt: string, digest: string) => `${PARKED_PREFIX}${receivedAt}/${digest}.json`;

/** R2, for when D1 fails: the body lies there as it is. */
export function bucketShelf(bucket: R2Bucket): ParkingShelf {
  return {
    store: "R2",
    async park({ body, digest, receivedAt }, reason) {
      await bucket.put(keyOf(receivedAt, digest), body, {
        httpMetadata: { contentType: "application/json" },
        customMetadata: { reason: reason.slice(0, MAX_REASON_CHARACTERS) },
      });
    },
    async list(limit, after) {
      const { objects } = await bucket.list({
        prefix: PARKED_PREFIX,
        limit,
        include: ["customMetadata"],
        ...(after && { startAfter: keyOf(after.received_at, after.digest) }),
      });
      return objects.flatMap(({ key, customMetadata }) => itemOf(key, customMetadata?.["reason"] ?? ""));
    },
    async read({ received_at, digest }) {
      const object = await bucket.get(keyOf(received_at, digest));
      return object === null ? undefined : { body: await object.arrayBuffer(), digest, receivedAt: received_at };
    },
    remove: ({ received_at, digest }) => bucket.delete(keyOf(received_at, digest)),
  };
}

/** R2 holds 8,192 bytes of metadata an object. */
const MAX_REASON_CHARACTERS = 1000;

function itemOf(key: string, reason: string): ParkedItem[] {
  const [received_at, name] = key.slice(PARKED_PREFIX.length).split("/");
  if (received_at === undefined || name === undefined) return [];
  return [{ store: "R2", digest: name.replace(/\.json$/, ""), received_at, reason }];
}
