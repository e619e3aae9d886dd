import { askStore } from "../stores/ask.ts";
import type { ListableParking, ParkedBody } from "./parking.ts";

export const PARKED_PREFIX = "parked/";

/** R2 keeps 8,192 bytes of metadata an object. */
const MAX_REASON_CHARACTERS = 1000;

/** The time comes first, so that a listing is oldest first. */
const keyOf = (receivedAt: string, sha256: string) => `${PARKED_PREFIX}${receivedAt}/${sha256}.json`;

/** Parks in R2, for when D1 fails: the body lies there as it is. */
export function bucketParking(bucket: R2Bucket): ListableParking {
  return {
    store: "R2",
    async park({ platform, body, sha256, receivedAt }, reason, timeoutMs) {
      const options = {
        httpMetadata: { contentType: "application/json" },
        customMetadata: { platform, reason: reason.slice(0, MAX_REASON_CHARACTERS) },
      };
      await askStore("R2", () => bucket.put(keyOf(receivedAt, sha256), body, options), { timeoutMs });
    },
    async list(limit, after) {
      const options: R2ListOptions = {
        prefix: PARKED_PREFIX,
        limit,
        include: ["customMetadata"],
        ...(after && { startAfter: keyOf(after.received_at, after.sha256) }),
      };
      const { objects } = await askStore("R2", () => bucket.list(options));
      return objects.flatMap(parkedBodyOf);
    },
    read: ({ platform, received_at, sha256 }) =>
      askStore("R2", async () => {
        const object = await bucket.get(keyOf(received_at, sha256));
        return object === null
          ? undefined
          : { platform, body: await object.arrayBuffer(), sha256, receivedAt: received_at };
      }),
    remove: ({ received_at, sha256 }) => askStore("R2", () => bucket.delete(keyOf(received_at, sha256))),
  };
}

function parkedBodyOf({ key, customMetadata }: R2Object): ParkedBody[] {
  const [received_at, name] = key.slice(PARKED_PREFIX.length).split("/");
  if (received_at === undefined || name === undefined) return [];
  const { platform = "", reason = "" } = customMetadata ?? {};
  return [{ store: "R2", platform, sha256: name.replace(/\.json$/, ""), received_at, reason }];
}
