/** Ends work that makes no progress, or takes too long in all. */
export class Watch {
  readonly #controller = new AbortController();
  readonly #stallMs: number;
  readonly #total: ReturnType<typeof setTimeout>;
  #stall: ReturnType<typeof setTimeout>;
  #why: "no progress" | "too long" | undefined;

  constructor({ stallMs, totalMs }: { stallMs: number; totalMs: number }) {
    this.#stallMs = stallMs;
    this.#total = setTimeout(() => this.#abort("too long"), totalMs);
    this.#stall = this.#startStall();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the work was ended; `undefined`: it was not. */
  get why(): "no progress" | "too long" | undefined {
    return this.#why;
  }

  /** Starts the time without progress anew. */
  progress(): void {
    clearTimeout(this.#stall);
    this.#stall = this.#startStall();
  }

  /** Awaits work that takes no signal. Rejects when the watch ends it. */
  async over<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const abort = () => reject(this.signal.reason);
    if (this.signal.aborted) abort();
    this.signal.addEventListener("abort", abort);
    try {
      return await Promise.race([work, promise]);
    } finally {
      this.signal.removeEventListener("abort", abort);
    }
  }

  /** Ends whatever still uses the signal: a connection whose rest nobody reads. */
  end(): void {
    clearTimeout(this.#total);
    clearTimeout(this.#stall);
    this.#controller.abort();
  }

  #startStall() {
    return setTimeout(() => this.#abort("no progress"), this.#stallMs);
  }

  #abort(why: "no progress" | "too long"): void {
    this.#why = why;
    this.end();
  }
}
