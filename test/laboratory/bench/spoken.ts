import { throwDice } from "../../support/stores/dice.ts";

/** Words that a language has, of which a call of five minutes uses some three hundred. */
const VOCABULARY = 5_000;

const consonants = [..."bdfghjklmnprstvz"];
const syllables = consonants.flatMap((consonant) => [..."aeiou"].map((vowel) => consonant + vowel));

const SECONDS_A_TURN = 4;
const WORDS_A_TURN = 10;

/** A conversation of different words each time: the index of words is as large as its calls are different. */
export function spokenTurns(seconds: number, seed: number): string[] {
  const dice = throwDice(seed);
  // A word is the rarer the higher its number, as in any language (Zipf).
  const word = () => wordOf(Math.floor(VOCABULARY ** (dice.integer(0, 999_999) / 1_000_000)));
  const words = () => Array.from({ length: dice.integer(1, 2 * WORDS_A_TURN - 1) }, word);
  return Array.from({ length: Math.ceil(seconds / SECONDS_A_TURN) }, () => `${words().join(" ")}.`);
}

/** Frequent words are short. */
function wordOf(number: number): string {
  const first = syllables[number % syllables.length] ?? "";
  const rest = Math.floor(number / syllables.length);
  return rest === 0 ? first : wordOf(rest) + first;
}
