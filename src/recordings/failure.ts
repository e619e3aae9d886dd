/** Why a recording could not be copied, in words for a page. Never an address: addresses carry tokens. */
export class CopyFailure {
  readonly reason: string;

  /** Whether another attempt would end the same. */
  readonly isFinal: boolean;

  constructor(reason: string, { isFinal = false } = {}) {
    this.reason = reason;
    this.isFinal = isFinal;
  }
}
