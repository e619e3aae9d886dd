import { expect, test } from "vitest";
import { delaySeconds } from "../src/stores/backoff.ts";

test.each([
  [1, 0, 0, 3],
  [1, 0, 1, 5],
  [2, 0, 1, 10],
  [12, 0, 1, 10_240],
  [1, 30, 1, 30],
  [12, 30, 1, 10_240],
  [40, 0, 0, 86_400],
  [1, 999_999, 0, 86_400],
])("after %i attempts, asked for %i s, the dice at %i: %i s", (attempts, asked, random, seconds) => {
  expect(delaySeconds(attempts, asked, random)).toBe(seconds);
});
