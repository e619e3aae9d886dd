import { isThisMachine } from "../http/this-machine.ts";

/** Why an address is not fetched; `undefined`: it is. */
export type AddressProblem = "not-https" | "credentials" | "private" | undefined;

/** Names that resolvers keep to one network. */
const PRIVATE_NAME = /\.(?:localhost|local|internal|lan|home|arpa)$/;

/**
 * Checks an address that came in a webhook, against requests to private networks: it must be https with a public name, or anything on
 * this machine, for local trials. IP addresses are refused, public ones too: no platform uses them.
 * @param from the address that led here by a redirect: only this machine may lead to this machine
 */
export function addressProblem(url: URL, from?: URL): AddressProblem {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "not-https";
  if (url.username !== "" || url.password !== "") return "credentials";
  if (isThisMachine(url)) return from === undefined || isThisMachine(from) ? undefined : "private";
  if (url.protocol !== "https:") return "not-https";
  const name = url.hostname.replace(/\.$/, "");
  // URL writes every spelling of an IPv4 address as four decimals.
  const isNumber = name.startsWith("[") || /^[\d.]+$/.test(name);
  return isNumber || !name.includes(".") || PRIVATE_NAME.test(name) ? "private" : undefined;
}
