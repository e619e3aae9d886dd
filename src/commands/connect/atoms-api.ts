import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import type { Patience } from "./patience.ts";

/** The platform refused a request, or gave no answer that can be used. The message carries no secret. */
export class AtomsError extends Error {
  /** HTTP status; `undefined` when there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** One request to the API. Resolves to what stands in `data`, or to the whole answer where there is no `data`. */
export type AskAtoms = (method: "GET" | "POST", path: string, body?: object) => Promise<unknown>;

export interface AtomsAccess {
  /** Like `https://api.smallest.ai/atoms/v1`. */
  base: string;
  key: string;
}

const MAX_TRIES = 4;

/** Milliseconds. A platform that asks for more is asked again by a person. */
const MAX_WAIT_MS = 60_000;

const envelope = z.looseObject({ data: z.unknown() });

/** Every shape of a refusal that is documented. */
const refusal = z.object({
  errors: z.array(z.string()).nullish().catch(undefined),
  error: z.string().nullish().catch(undefined),
  message: z.string().nullish().catch(undefined),
  retry_after: z.number().nullish().catch(undefined),
  rateLimit: z.object({ retryAfterSec: z.number() }).nullish().catch(undefined),
});

/**
 * Asks the API of Atoms, one request at a time. Tries again after 429 and 5xx: every request made here is safe to repeat.
 * Follows no redirect, which would take the key elsewhere.
 * @throws {AtomsError}
 */
export function askAtoms(
  { base, key }: AtomsAccess,
  signal: AbortSignal,
  { requestMs, retryMs }: Pick<Patience, "requestMs" | "retryMs">,
): AskAtoms {
  return async (method, path, body) => {
    for (let tried = 1; ; tried += 1) {
      const { response, answer } = await request(`${base}${path}`, {
        method,
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
      });
      if (response.ok) {
        if (answer === undefined) throw new AtomsError(`${method} ${path} answered something that is not JSON.`);
        return envelope.safeParse(answer).data?.data ?? answer;
      }
      const { data: said } = refusal.safeParse(answer);
      const wait = waitMs(response, said) ?? retryMs * 2 ** (tried - 1);
      const isPassing = response.status === 429 || response.status >= 500;
      if (!isPassing || tried === MAX_TRIES || wait > MAX_WAIT_MS) {
        throw new AtomsError(explain(`${method} ${path}`, response.status, said, key), response.status);
      }
      await setTimeout(wait, undefined, { signal });
    }
  };

  async function request(address: string, options: RequestInit) {
    try {
      const response = await fetch(address, options);
      const text = await response.text();
      return { response, answer: parse(text) };
    } catch (error) {
      if (signal.aborted) throw error;
      throw new AtomsError(`${new URL(address).origin} does not answer. Run this again: it goes on from what is done.`);
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The wait that the platform asks for, in milliseconds: a header, or one of two members. */
function waitMs(response: Response, said: z.infer<typeof refusal> | undefined): number | undefined {
  const header = response.headers.get("Retry-After");
  const seconds = header !== null && header.trim() !== "" ? Number(header) : Number.NaN;
  const wait = Number.isFinite(seconds) ? seconds : (said?.retry_after ?? said?.rateLimit?.retryAfterSec);
  return wait === undefined || wait < 0 ? undefined : wait * 1_000;
}

const MAX_TEXT_CHARACTERS = 200;

function explain(request: string, status: number, said: z.infer<typeof refusal> | undefined, key: string): string {
  if (status === 401) return "Atoms does not accept the API key (401): it is wrong, or was revoked.";
  const texts = said?.errors ?? [said?.error ?? said?.message ?? ""];
  const text = printable(texts.join("; ").replaceAll(key, "…")).slice(0, MAX_TEXT_CHARACTERS);
  const hint = status === 403 ? " The key may be of another organisation, or the plan without this." : "";
  return `Atoms answered ${status} to ${request}${text === "" ? "." : `: ${text}`}${hint}`;
}

/** A text of others for a terminal: without control characters, which could move its cursor. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, " ");
}
