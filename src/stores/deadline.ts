/** A store did not answer before the deadline. What it was asked may have happened all the same. */
export class StoreTimeout extends Error {
  override name = "StoreTimeout";
}

/**
 * A time limit that starts when it is made. Stores that are asked at once share one: each timer costs an event about half a
 * percent of its time.
 */
export class Deadline {
  readonly #passed = Promise.withResolvers<never>();
  readonly #endMs: number;
  readonly #timer: ReturnType<typeof setTimeout>;

  /** @param timeoutMs milliseconds from now */
  constructor(timeoutMs: number) {
    this.#endMs = Date.now() + timeoutMs;
    this.#timer = setTimeout(() => this.#passed.reject(new StoreTimeout("no answer in time")), timeoutMs);
    // Between two tries nobody listens.
    this.#passed.promise.catch(() => {});
  }

  /** Milliseconds; below zero when it has passed. */
  get leftMs(): number {
    return this.#endMs - Date.now();
  }

  /** Resolves as the work does; rejects with {@link StoreTimeout} when the deadline comes first. */
  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#passed.promise]);
  }

  /** Stops the timer. Call it when nothing waits any more. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
