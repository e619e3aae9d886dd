import type { PlatformClient } from "../client.ts";
import { bodiesOf } from "./bodies.ts";
import { conversations } from "./list.ts";

/** ElevenLabs Agents. Its recordings have no address that another could fetch: they need the key. */
export const elevenlabs: PlatformClient = {
  name: "elevenlabs",
  keySetting: "ELEVENLABS_API_KEY",
  baseSetting: "ELEVENLABS_API_BASE",
  base: "https://api.elevenlabs.io",
  headers: (key) => ({ "xi-api-key": key }),
  recent: [conversations],
  byDate: conversations,
  bodiesOf,
};
