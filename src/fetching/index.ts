import { isThisMachine } from "../http/this-machine.ts";
import type { SettingProblem } from "../settings.ts";
import { API_PACE, type ApiPace, PlatformApi } from "./api.ts";
import { atoms } from "./atoms/index.ts";
import type { PlatformClient } from "./client.ts";
import { elevenlabs } from "./elevenlabs/index.ts";
import { retell } from "./retell/index.ts";
import { vapi } from "./vapi/index.ts";

/** Every platform from which missed calls are fetched. */
export const clients: readonly PlatformClient[] = [atoms, retell, elevenlabs, vapi];

export function findClient(name: string): PlatformClient | undefined {
  return clients.find((client) => client.name === name);
}

/** The clients whose key is set, and whose address is one. */
export function configuredClients(env: Env): PlatformClient[] {
  return clients.filter((client) => isOn(client, env));
}

/** Whether anything is fetched at all: if not, no store is asked about it. */
export function isAnyOn(env: Env): boolean {
  return clients.some((client) => isOn(client, env));
}

/** Whether a client's key is set, and its address is one. */
export function isOn(client: PlatformClient, env: Env): boolean {
  return textOf(env, client.keySetting) !== "" && addressProblem(client, env) === undefined;
}

/** Lists the addresses of APIs that are none. */
export function fetchingProblems(env: Env): SettingProblem[] {
  return clients.flatMap((client) => {
    const problem = addressProblem(client, env);
    return problem === undefined ? [] : [{ setting: client.baseSetting, problem }];
  });
}

/** Makes a platform's API, with the key. @param budget requests that may be made */
export function apiOf(client: PlatformClient, env: Env, budget: number, pace: ApiPace = API_PACE): PlatformApi {
  return new PlatformApi({
    base: baseOf(client, env),
    headers: client.headers(textOf(env, client.keySetting)),
    budget,
    pace,
  });
}

function baseOf(client: PlatformClient, env: Env): string {
  return (textOf(env, client.baseSetting) || client.base).replace(/\/+$/, "");
}

/** The key goes over the network in clear by http: only to this machine, for trying. */
function addressProblem(client: PlatformClient, env: Env): string | undefined {
  const url = URL.parse(baseOf(client, env));
  if (url === null) return "is not a URL";
  return url.protocol === "https:" || (url.protocol === "http:" && isThisMachine(url))
    ? undefined
    : "is not an https URL";
}

function textOf(env: Env, setting: string): string {
  const value: unknown = Reflect.get(env, setting);
  return typeof value === "string" ? value.trim() : "";
}
