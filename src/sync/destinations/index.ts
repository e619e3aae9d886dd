import type { Destination, DestinationFactory } from "./destination.ts";
import { slack } from "./slack.ts";
import { webhook } from "./webhook.ts";

const factories: readonly DestinationFactory[] = [webhook, slack];

/** The destinations that are switched on. */
export function configuredDestinations(env: Env): Destination[] {
  return factories.map((create) => create(env)).filter((destination) => destination !== undefined);
}
