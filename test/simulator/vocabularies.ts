import type { Agent } from "./agents.ts";
import { atoms } from "./atoms.ts";
import { documented } from "./documented.ts";
import type { Vocabulary } from "./vocabulary.ts";

export const vocabularies: Record<Agent["vocabulary"], Vocabulary> = {
  documented,
  atoms,
};
