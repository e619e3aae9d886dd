import { type SettingProblem, splitSecrets } from "../settings.ts";
import { atoms } from "./atoms/index.ts";
import { elevenlabs } from "./elevenlabs/index.ts";
import type { Platform } from "./platform.ts";
import { retell } from "./retell/index.ts";
import { vapi } from "./vapi/index.ts";

/** Every platform whose webhooks the Worker takes at `/webhooks/{name}`. */
export const platforms: readonly Platform[] = [atoms, retell, vapi, elevenlabs];

export function findPlatform(name: string): Platform | undefined {
  return platforms.find((platform) => platform.name === name);
}

/** The secrets that may have signed a platform's bodies; none while it is off. */
export function platformSecrets({ secretsSetting }: Platform, env: Env): string[] {
  const setting: unknown = Reflect.get(env, secretsSetting);
  return splitSecrets(typeof setting === "string" ? setting : undefined);
}

/** The names of the platforms that are on. */
export function namesOfPlatforms(env: Env): string[] {
  return platforms.filter((platform) => platformSecrets(platform, env).length > 0).map(({ name }) => name);
}

/** The one thing that can be wrong with all of them together: none is on. */
export function platformProblems(env: Env): SettingProblem[] {
  if (namesOfPlatforms(env).length > 0) return [];
  const setting = platforms.map(({ secretsSetting }) => secretsSetting).join(", ");
  return [{ setting, problem: "is not set" }];
}
