import type { Given, Option } from "./command.ts";

/** The options by which a command chooses bodies of the quarantine. */
export const quarantineOptions = [
  { name: "reason", value: "<reason>", help: "only these: unrecognised, invalid, id-reused, …" },
  { name: "from", value: "<time>", help: "only those received from then on: a UTC day, or a moment" },
  { name: "to", value: "<time>", help: "only those received before then, or until the end of a UTC day" },
] as const satisfies readonly Option<string>[];

/** Returns the parameters of the API for those that were given. */
export function quarantineFilter(given: Given<"reason" | "from" | "to">): Record<string, string> {
  const parameters = (["reason", "from", "to"] as const).map((name) => [name, given.text(name)] as const);
  return Object.fromEntries(parameters.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
