import { isJsonObject } from "../events/fields.ts";

/**
 * `refused`: the key is wrong or may not (401, 403); the run ends. `rate-limited`: the run pauses. `budget-spent`: the run has made all
 * its requests. `not-found`: there is no such thing (any other 4xx, 301 to 399). `unavailable`: 5xx, no answer, no answer in time.
 * `unreadable`: no JSON, too long, or of an unknown shape.
 */
export type ApiErrorKind = "refused" | "rate-limited" | "budget-spent" | "not-found" | "unavailable" | "unreadable";

/** A request to a platform's API that failed. Its message names a path and a status, never the key or an answer. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly kind: ApiErrorKind;
  /** Milliseconds that the platform asks for; `undefined` if it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: ApiErrorKind, message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** How requests to a platform are made. */
export interface ApiPace {
  /** Least time between the beginnings of two requests. */
  pauseMs: number;
  /** For a whole answer. */
  timeoutMs: number;
  /** Waits before the second and later tries of what is unavailable or unreadable. */
  retryDelaysMs: readonly number[];
}

/**
 * Two requests a second: the slowest documented limit is ten, which the dashboard and the customer's other programs share. The
 * vendor's own client of Atoms waits 50 s, of which most would be lost.
 */
export const API_PACE: ApiPace = { pauseMs: 500, timeoutMs: 25_000, retryDelaysMs: [1_000, 4_000] };

/** A call of two hours has some MB, and parsed some nine times as much, of the 128 MB of a Worker. */
const MAX_ANSWER_BYTES = 10 * 1024 * 1024;

export interface ApiOptions {
  /** Without a slash at the end. */
  base: string;
  /** With the key in it. */
  headers: Record<string, string>;
  /** Requests that may be made. */
  budget: number;
  pace: ApiPace;
}

/** The parameters of a query; what is `undefined` is left out. */
export type ApiQuery = Record<string, string | number | undefined>;

/** A platform's API: one request after another, counted, at a pace, tried again. Answers are `unknown` JSON: read them by zod. */
export class PlatformApi {
  /** Requests made, repetitions included. */
  requests = 0;
  readonly #options: ApiOptions;
  #earliest = 0;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /**
   * @param path from the base on, `/conversation/CALL-1`: ids in it are percent-encoded
   * @throws {ApiError}
   */
  get(path: string, query: ApiQuery = {}): Promise<unknown> {
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    return this.#tried(`GET ${path}`, given.length > 0 ? `${path}?${new URLSearchParams(given)}` : path, {});
  }

  /**
   * Posts JSON to a path that only reads.
   * @throws {ApiError}
   */
  post(path: string, body: object): Promise<unknown> {
    const headers = { "Content-Type": "application/json" };
    return this.#tried(`POST ${path}`, path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  /**
   * Returns the address that a path redirects to; `undefined` if it does not.
   * @throws {ApiError}
   */
  async location(path: string): Promise<string | undefined> {
    const response = await this.#send(`GET ${path}`, path, {});
    await response.body?.cancel();
    if (response.status < 300 || response.status > 399) return undefined;
    return response.headers.get("Location") ?? undefined;
  }

  async #tried(about: string, path: string, request: RequestInit): Promise<unknown> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#readJson(about, await this.#send(about, path, request));
      } catch (error) {
        const delayMs = this.#options.pace.retryDelaysMs[tries];
        const isPassing = error instanceof ApiError && (error.kind === "unavailable" || error.kind === "unreadable");
        if (!isPassing || delayMs === undefined) throw error;
        await scheduler.wait(delayMs);
      }
    }
  }

  /** Sends one request, and throws for a status that is no success. */
  async #send(about: string, path: string, request: RequestInit): Promise<Response> {
    const { base, headers, budget, pace } = this.#options;
    if (this.requests >= budget) throw new ApiError("budget-spent", `${budget} requests are made`);
    const waitMs = this.#earliest - Date.now();
    if (waitMs > 0) await scheduler.wait(waitMs);
    this.#earliest = Date.now() + pace.pauseMs;
    this.requests++;
    let response: Response;
    try {
      response = await fetch(base + path, {
        ...request,
        headers: { ...headers, Accept: "application/json", ...request.headers },
        // The key goes nowhere else.
        redirect: "manual",
        cache: "no-store",
        signal: AbortSignal.timeout(pace.timeoutMs),
      });
    } catch (error) {
      throw new ApiError("unavailable", `${about}: ${connectionReason(error, pace.timeoutMs)}`);
    }
    const { status } = response;
    if (status < 400) return response;
    if (status === 429) throw new ApiError("rate-limited", `${about}: 429`, await retryAfterOf(response));
    await response.body?.cancel();
    const id = response.headers.get("x-request-id");
    const message = `${about}: ${status}${id === null ? "" : ` (${id.slice(0, 100)})`}`;
    if (status === 401 || status === 403) throw new ApiError("refused", message);
    throw new ApiError(status >= 500 || status === 408 ? "unavailable" : "not-found", message);
  }

  async #readJson(about: string, response: Response): Promise<unknown> {
    if (response.status >= 300) {
      await response.body?.cancel();
      throw new ApiError("not-found", `${about}: ${response.status}`);
    }
    let text: string;
    try {
      text = await readText(response);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError("unavailable", `${about}: ${connectionReason(error, this.#options.pace.timeoutMs)}`);
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiError("unreadable", `${about}: no JSON`);
    }
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new ApiError("not-found", `an answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Blob(chunks).text();
}

/** The runtime's own words may name the address. */
function connectionReason(error: unknown, timeoutMs: number): string {
  const isTimeout = error instanceof DOMException && error.name === "TimeoutError";
  return isTimeout ? `no answer within ${timeoutMs / 1000} s` : "the connection failed";
}

/** Whatever asks for more is taken for a mistake. */
const MAX_SECONDS = 24 * 60 * 60;

/** Reads how long to wait: the header in seconds or as a date, else `retry_after` or `rateLimit.retryAfterSec` of the body. */
async function retryAfterOf(response: Response): Promise<number | undefined> {
  const header = response.headers.get("Retry-After");
  const stated = header === null ? undefined : headerMs(header);
  if (stated !== undefined) {
    await response.body?.cancel();
    return stated;
  }
  const body: unknown = await readText(response)
    .then((text): unknown => JSON.parse(text))
    .catch(() => undefined);
  if (!isJsonObject(body)) return undefined;
  const { retry_after, rateLimit } = body;
  return secondsMs(retry_after) ?? (isJsonObject(rateLimit) ? secondsMs(rateLimit["retryAfterSec"]) : undefined);
}

function headerMs(header: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(header.trim())) return secondsMs(Number(header));
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : secondsMs(Math.max(0, (date - Date.now()) / 1000));
}

function secondsMs(seconds: unknown): number | undefined {
  return typeof seconds === "number" && seconds >= 0 ? Math.min(seconds, MAX_SECONDS) * 1000 : undefined;
}
