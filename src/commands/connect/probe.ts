import { createHmac, randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { probeBody } from "../../platforms/atoms/probe.ts";
import type { Patience } from "./patience.ts";

/** How the Worker answers a body that is signed with a secret. */
export type ProbeResult =
  | "accepted"
  /** It has other secrets. */
  | "refused"
  /** It has no secret of this platform. */
  | "off"
  /** Something else answers there, or nothing. */
  | { fault: string };

/** The answer for a body has a text as its status; the number of a problem is none. */
const answerShape = z.object({
  status: z.string().optional().catch(undefined),
  type: z.string().optional().catch(undefined),
});

/** Sends a body that leaves nothing behind, signed with a secret as the platform signs. */
export async function probe(
  address: string,
  secret: string,
  signal: AbortSignal,
  { requestMs }: Pick<Patience, "requestMs">,
): Promise<ProbeResult> {
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-Signature": createHmac("sha256", secret).update(probeBody).digest("hex"),
      },
      body: probeBody,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
    });
    return resultOf(response.status, await response.json().catch(() => undefined), address);
  } catch (error) {
    if (signal.aborted) throw error;
    return { fault: `Nothing answers at ${address}.` };
  }
}

function resultOf(httpStatus: number, answer: unknown, address: string): ProbeResult {
  const { data } = answerShape.safeParse(answer);
  const type = data?.type ?? "";
  if (httpStatus === 200 && data?.status === "ignored") return "accepted";
  if (httpStatus === 401 && type.endsWith("invalid-signature")) return "refused";
  if (httpStatus === 503 && type.endsWith("not-configured")) return "off";
  if (httpStatus === 200 && data?.status === "quarantined") {
    return { fault: `The Worker at ${address} is older than this command: npm run deploy.` };
  }
  return { fault: `${address} answers ${httpStatus}, and not as a ledger does.` };
}

/** Whether a ledger is there that checks signatures; the fault where there is none. */
export async function findFault(address: string, signal: AbortSignal, times: Patience): Promise<string | undefined> {
  const result = await probe(address, randomUUID(), signal, times);
  if (result === "accepted") return `${address} accepts a signature of anybody.`;
  return typeof result === "string" ? undefined : result.fault;
}

/** A new secret reaches the machines of the Worker one after another: one acceptance could be of the first. */
const ACCEPTANCES_IN_A_ROW = 3;

/** Waits until the Worker accepts a secret. Resolves to false when it does not in time. */
export async function waitForAcceptance(
  address: string,
  secret: string,
  signal: AbortSignal,
  times: Patience,
): Promise<boolean> {
  const until = Date.now() + times.acceptanceMs;
  for (let accepted = 0; ; ) {
    accepted = (await probe(address, secret, signal, times)) === "accepted" ? accepted + 1 : 0;
    if (accepted === ACCEPTANCES_IN_A_ROW) return true;
    if (Date.now() >= until) return false;
    await setTimeout(times.probeMs, undefined, { signal });
  }
}
