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

/** Characters. A shorter secret is invented, or a letter that was left behind: anybody could guess it. */
const MIN_SECRET_CHARACTERS = 8;

/** The secrets that may have signed a platform's bodies; none while it is off. One that is too short counts as none. */
export function platformSecrets(platform: Platform, env: Env): string[] {
  return givenSecrets(platform, env).filter((secret) => !isTooShort(secret));
}

function givenSecrets({ secretsSetting }: Platform, env: Env): string[] {
  const setting: unknown = Reflect.get(env, secretsSetting);
  return splitSecrets(typeof setting === "string" ? setting : undefined);
}

function isTooShort(secret: string): boolean {
  return secret.length < MIN_SECRET_CHARACTERS;
}

/** The names of the platforms that are on. */
export function namesOfPlatforms(env: Env): string[] {
  return platforms.filter((platform) => platformSecrets(platform, env).length > 0).map(({ name }) => name);
}

/** Each setting with a secret that is too short; else, when no platform is on, all settings as one: any of them would do. */
export function platformProblems(env: Env): SettingProblem[] {
  const tooShort = platforms.filter((platform) => givenSecrets(platform, env).some(isTooShort));
  if (tooShort.length > 0) {
    const problem = `has a secret shorter than ${MIN_SECRET_CHARACTERS} characters, which counts as none`;
    return tooShort.map(({ secretsSetting }) => ({ setting: secretsSetting, problem }));
  }
  if (namesOfPlatforms(env).length > 0) return [];
  const setting = platforms.map(({ secretsSetting }) => secretsSetting).join(", ");
  return [{ setting, problem: "is not set" }];
}
