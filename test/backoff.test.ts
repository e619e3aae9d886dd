import { expect, test } from "vitest";
import { backoffSeconds } from "../src/stores/backoff.ts";

test.each([
  [1, 0, 0, 3],
  [1, 0, 1, 5],
  [2, 0, 1, 10],
  [12, 0, 1, 10_240],
  [1, 30, 1, 30],
  [12, 30, 1, 10_240],
  [40, 0, 0, 21_600],
  [1, 999_999, 0, 21_600],
])("after %i attempts, with a Retry-After of %i s, at random %i: %i s", (attempts, retryAfter, random, seconds) => {
  expect(backoffSeconds(attempts, retryAfter, random)).toBe(seconds);
});
