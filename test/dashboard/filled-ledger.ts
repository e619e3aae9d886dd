import { documentedCall } from "../support/events.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { giveRecording } from "../support/recordings.ts";

/** The number of the one caller there is. */
export const PHONE = "+15550142001";

/** An erasure that is complete. */
const JOB = "33333333-3333-4333-8333-333333333333";

/** A job that sent a range again, and is complete. */
const SENDING = "44444444-4444-4444-8444-444444444444";

const QUARANTINED = "quarantine/2024/07/15/transferred.json";

/** An example of each page of the dashboard, by its route in src/dashboard/index.ts. */
export const pages: Readonly<Record<string, string>> = {
  "/": "/",
  "/live": "/live",
  "/calls": "/calls?q=dog",
  "/calls.csv": "/calls.csv",
  "/calls/:call_id": "/calls/call-1",
  "/calls/:call_id/recording": "/calls/call-1/recording",
  "/callers": `/callers?${new URLSearchParams({ phone: PHONE })}`,
  "/callers/erase": `/callers/erase?${new URLSearchParams({ phone: PHONE })}`,
  "/erasures/:job": `/erasures/${JOB}`,
  "/deliveries": "/deliveries?state=all",
  "/deliveries/range": "/deliveries/range",
  "/deliveries/jobs/:job": `/deliveries/jobs/${SENDING}`,
  "/quarantine": "/quarantine",
  "/quarantine/body": `/quarantine/body?${new URLSearchParams({ key: QUARANTINED })}`,
};

/** An example of each action, by its route. */
export const actions: Readonly<Record<string, string>> = {
  "/sign-out": "/sign-out",
  "/calls/:call_id/erase": "/calls/call-1/erase",
  "/callers/erase/start": "/callers/erase/start",
  "/deliveries/retry": "/deliveries/retry",
  "/deliveries/range/send": "/deliveries/range/send",
  "/deliveries/jobs/:job/stop": `/deliveries/jobs/${SENDING}/stop`,
  "/quarantine/replay": "/quarantine/replay",
  "/quarantine/discard": "/quarantine/discard",
};

export interface Asking {
  method?: string;
  headers?: Record<string, string>;
  body?: URLSearchParams;
}

/** A ledger with something on every page, and its dashboard as a browser asks for it that follows no redirect. */
export async function bootFilledLedger(options: Parameters<typeof bootLedger>[0] = {}) {
  const ledger = await bootLedger({ ...options, env: { SYNC_URL: "http://127.0.0.1:1/", ...options.env } });
  const call = documentedCall({ call_id: "call-1" });
  for (const event of [call.start({ caller_phone: PHONE }), call.end(), call.analytics()])
    await post(ledger.url, event);
  await giveRecording(ledger, "call-1");
  await ledger.ARCHIVE.put(QUARANTINED, '{"event":"call.transferred"}', {
    customMetadata: {
      platform: "atoms",
      reason: "unrecognised",
      detail: "an event named call.transferred",
      received_at: "2024-07-15T14:30:00.000Z",
      sha256: "0".repeat(64),
    },
  });
  const output = {
    calls: 1,
    events: 3,
    deliveries: 1,
    words: 1,
    objects: 1,
    parked: 0,
    quarantined: 0,
    index_merged: true,
  };
  const insert = ledger.DB.prepare(
    "INSERT INTO ledger_jobs (id, kind, status, output, updated_at) VALUES (?, ?, 'complete', ?, '')",
  );
  await ledger.DB.batch([
    insert.bind(JOB, "erasure", JSON.stringify(output)),
    insert.bind(SENDING, "send-again", JSON.stringify({ sent: 1, left_alone: 0, of: 1 })),
  ]);

  const ask = (path: string, { headers, ...init }: Asking = {}) =>
    // Not resolved, since there are paths that would name another host.
    fetch(new URL(ledger.url).origin + path, {
      redirect: "manual",
      ...init,
      headers: { Accept: "text/html", ...headers },
    });
  /** @param address of the visitor: attempts are limited by it */
  const attemptSignIn = (address: string, token = "token-of-the-tests") =>
    ask("/sign-in", {
      method: "POST",
      body: new URLSearchParams({ token }),
      headers: { "CF-Connecting-IP": address },
    });
  const Cookie = (await attemptSignIn("192.0.2.1")).headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return {
    ...ledger,
    ask,
    askSignedIn: (path: string, { headers, ...init }: Asking = {}) =>
      ask(path, { ...init, headers: { Cookie, ...headers } }),
    attemptSignIn,
    /** The session of who is signed in. */
    Cookie,
  };
}
