/** How long to wait for others, in milliseconds. */
export interface Patience {
  /** For an answer. */
  requestMs: number;
  /** Before a refused request is sent again, where the platform does not say how long; doubles. */
  retryMs: number;
  /** For the Worker to know a new secret. */
  acceptanceMs: number;
  /** Between two probes. */
  probeMs: number;
}

export const patience: Patience = { requestMs: 25_000, retryMs: 1_000, acceptanceMs: 90_000, probeMs: 2_000 };
