import { problemResponse } from "../http/problem.ts";
import type { Destination } from "./destinations/destination.ts";

/** Where deliveries can be sent again, or why they are bound to fail at once, in words for people. */
export type Sendable = { kind: "sendable"; destinations: readonly Destination[] } | { kind: "refused"; reason: string };

/**
 * Finds the destinations that are meant: one by its name, or all that are switched on. Pure.
 * @param configured the destinations that are switched on
 */
export function findSendable(name: string | undefined, configured: readonly Destination[]): Sendable {
  const destinations = configured.filter((destination) => name === undefined || destination.name === name);
  if (destinations.length === 0) {
    return refused(
      name === undefined ? "No destination is switched on." : `There is no destination ${name}, or it is switched off.`,
    );
  }
  const [problem] = destinations.flatMap(({ problems }) => problems);
  if (problem !== undefined) return refused(`${problem.setting} ${problem.problem}.`);
  return { kind: "sendable", destinations };
}

export function refused(reason: string): { kind: "refused"; reason: string } {
  return { kind: "refused", reason };
}

/** The answer to a request whose deliveries are bound to fail at once. */
export function cannotBeSent(reason: string): Response {
  return problemResponse({ status: 409, type: "cannot-be-sent", title: "Nothing can be sent again", detail: reason });
}
