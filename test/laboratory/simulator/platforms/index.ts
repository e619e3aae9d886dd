import { randomBytes } from "node:crypto";
import { atoms } from "./atoms/index.ts";
import { custom } from "./custom/index.ts";
import { elevenlabs } from "./elevenlabs/index.ts";
import { type PlatformName, platformNames, type SimulatedPlatform } from "./platform.ts";
import { retell } from "./retell/index.ts";
import { vapi } from "./vapi/index.ts";

export const platforms: Record<PlatformName, SimulatedPlatform> = { atoms, retell, vapi, elevenlabs, custom };

/** A secret of each platform that is played. */
export type Secrets = Readonly<Partial<Record<PlatformName, string>>>;

/** A new secret of the form that a platform wants. */
export function newSecret(name: PlatformName): string {
  return name === "custom" ? `whsec_${randomBytes(32).toString("base64")}` : randomBytes(16).toString("hex");
}

/** The settings of a ledger that has these secrets. */
export function settingsOf(secrets: Secrets): Record<string, string> {
  return Object.fromEntries(
    platformNames.flatMap((name) => {
      const secret = secrets[name];
      return secret === undefined ? [] : [[platforms[name].secretsSetting, secret]];
    }),
  );
}
