import type { Dice } from "../../support/stores/dice.ts";
import type { Exchange, Language, Topic } from "./languages.ts";

export interface Turn {
  role: "agent" | "user";
  content: string;
  /** Seconds into the conversation at which the turn begins. */
  atSecond: number;
}

export interface Dialogue {
  turns: Turn[];
  seconds: number;
}

/** What people say aloud in a second, roughly; scripts that put a syllable into a character take twice as long. */
const CHARACTERS_A_SECOND = 14;
const DENSE_CHARACTERS_A_SECOND = 7;
/** Between two turns. */
const LONGEST_PAUSE_MILLISECONDS = 1800;

/** @param fillers how many exchanges of any kind come on top of the topic's own */
export function holdDialogue(dice: Dice, language: Language, topic: Topic, fillers: number): Dialogue {
  const exchanges: Exchange[] = [...topic.exchanges];
  for (let count = 0; count < fillers; count++) {
    exchanges.splice(dice.integer(1, exchanges.length), 0, dice.pick(language.fillers));
  }
  exchanges.push(language.farewell);

  const pace = language.code === "ja" ? DENSE_CHARACTERS_A_SECOND : CHARACTERS_A_SECOND;
  const turns: Turn[] = [];
  let milliseconds = 0;
  const say = (role: Turn["role"], content: string) => {
    turns.push({ role, content, atSecond: milliseconds / 1000 });
    milliseconds += Math.ceil((content.length / pace) * 1000) + dice.integer(200, LONGEST_PAUSE_MILLISECONDS);
  };
  say("agent", language.greeting);
  for (const [user, agent] of exchanges) {
    say("user", user);
    say("agent", agent);
  }
  return { turns, seconds: milliseconds / 1000 };
}
