/** A store that did not answer in time. What it was asked may have happened all the same. */
export class StoreTimeout extends Error {
  override name = "StoreTimeout";
}

/**
 * A time limit that starts to run when it is made. Stores that are asked at once share one: each timer would cost every event
 * about half a percent of its time.
 */
export class Deadline {
  readonly #passed = Promise.withResolvers<never>();
  readonly #end: number;
  readonly #timer: ReturnType<typeof setTimeout>;

  /** @param milliseconds from now */
  constructor(milliseconds: number) {
    this.#end = Date.now() + milliseconds;
    this.#timer = setTimeout(() => this.#passed.reject(new StoreTimeout("no answer in time")), milliseconds);
    // Between two tries nobody listens.
    this.#passed.promise.catch(() => {});
  }

  /** Milliseconds; below zero when it has passed. */
  get left(): number {
    return this.#end - Date.now();
  }

  /** What the work comes to, or {@link StoreTimeout} when that takes too long. */
  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#passed.promise]);
  }

  /** Stops the timer. To be called when nothing is waited for any more. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
