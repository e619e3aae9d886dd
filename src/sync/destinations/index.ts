import type { Destination, DestinationFactory } from "./destination.ts";
import { webhook } from "./webhook.ts";

const factories: readonly DestinationFactory[] = [webhook];

/** The destinations that are switched on. */
export function configuredDestinations(env: Env): Destination[] {
  return factories.map((create) => create(env)).filter((destination) => destination !== undefined);
}
