import { type SettingProblem, splitSecrets } from "../settings.ts";
import { atoms } from "./atoms/index.ts";
import { custom } from "./custom/index.ts";
import { elevenlabs } from "./elevenlabs/index.ts";
import type { Platform } from "./platform.ts";
import { retell } from "./retell/index.ts";
import { vapi } from "./vapi/index.ts";

/** Every platform whose webhooks the Worker takes at `/webhooks/{name}`. */
export const platforms: readonly Platform[] = [atoms, retell, vapi, elevenlabs, custom];

export function findPlatform(name: string): Platform | undefined {
  return platforms.find((platform) => platform.name === name);
}

/** Characters. A shorter secret is invented, or a letter that was left behind: anybody could guess it. */
const MIN_SECRET_CHARACTERS = 8;

/** Returns the secrets that may have signed a platform's bodies: none while it is off. One with a problem is left out. */
export function platformSecrets(platform: Platform, env: Env): string[] {
  return givenSecrets(platform, env).filter((secret) => problemOf(platform, secret) === undefined);
}

function givenSecrets({ secretsSetting }: Platform, env: Env): string[] {
  const setting: unknown = Reflect.get(env, secretsSetting);
  return splitSecrets(typeof setting === "string" ? setting : undefined);
}

function problemOf(platform: Platform, secret: string): string | undefined {
  if (secret.length < MIN_SECRET_CHARACTERS) return `is shorter than ${MIN_SECRET_CHARACTERS} characters`;
  return platform.secretProblem?.(secret);
}

/** Returns the names of the platforms that are on. */
export function namesOfPlatforms(env: Env): string[] {
  return platforms.filter((platform) => platformSecrets(platform, env).length > 0).map(({ name }) => name);
}

/** Finds the settings whose secrets have a problem; if no platform is on, names all settings as one, since any of them would do. */
export function platformProblems(env: Env): SettingProblem[] {
  const problems = platforms.flatMap((platform) => {
    const [problem] = givenSecrets(platform, env).flatMap((secret) => problemOf(platform, secret) ?? []);
    const setting = platform.secretsSetting;
    return problem === undefined ? [] : [{ setting, problem: `has a secret that ${problem}, which counts as none` }];
  });
  if (problems.length > 0) return problems;
  if (namesOfPlatforms(env).length > 0) return [];
  const setting = platforms.map(({ secretsSetting }) => secretsSetting).join(", ");
  return [{ setting, problem: "is not set" }];
}
