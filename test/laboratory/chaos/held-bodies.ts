import pMap from "p-map";
import { sha256Of } from "./make-call.ts";

/** A body of Atoms, with the label that the Worker gives it. */
interface Body {
  body: string;
  sha256: string;
  call_id?: string;
  /** Digits of the customer's number. */
  number?: string;
}

/** Puts bodies where the Worker parks them, as if D1 had failed when they came in. */
export function parkBodies(bucket: R2Bucket, bodies: readonly Body[], receivedAt: string): Promise<void> {
  return putBodies(bucket, bodies, `parked/${receivedAt}`, receivedAt, "D1");
}

/** Puts bodies into the quarantine, as if no event had been known in them. */
export function quarantineBodies(bucket: R2Bucket, bodies: readonly Body[]): Promise<void> {
  const receivedAt = new Date().toISOString();
  const day = receivedAt.slice(0, "2024-07-15".length).replaceAll("-", "/");
  return putBodies(bucket, bodies, `quarantine/${day}`, receivedAt, "unrecognised");
}

async function putBodies(
  bucket: R2Bucket,
  bodies: readonly Body[],
  folder: string,
  received_at: string,
  reason: string,
) {
  const labels = { platform: "atoms", reason, detail: "lost", received_at, partial: "false" };
  const put = ({ body, sha256, call_id, number }: Body) =>
    bucket.put(`${folder}/${sha256}.json`, body, {
      customMetadata: {
        ...labels,
        sha256,
        calls: call_id === undefined ? "" : sha256Of(call_id),
        numbers: number === undefined ? "" : sha256Of(number),
      },
    });
  await pMap(bodies, put, { concurrency: 32 });
}
