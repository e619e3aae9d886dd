/** Why a recording could not be copied, in words for a page. Never an address: addresses carry tokens. */
export class CopyFailure {
  readonly reason: string;

  /** Whether another attempt would end the same. */
  readonly isFinal: boolean;

  /** Whether the address answered that it opens nothing any more: another one may. */
  readonly isExpired: boolean;

  constructor(reason: string, { isFinal = false, isExpired = false } = {}) {
    this.reason = reason;
    this.isFinal = isFinal;
    this.isExpired = isExpired;
  }
}
