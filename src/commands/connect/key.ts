import { UsageError } from "../command.ts";
import { askSecret, isTerminal } from "../confirm.ts";

export const KEY_VARIABLE = "ATOMS_API_KEY";

/** Whether an argument is, or asks for, a key: nothing on a command line stays secret. */
export function looksLikeKey(argument: string): boolean {
  return (
    /(?:^|[=:\s])(?:sk|key|wsec|whsec)_/i.test(argument) ||
    /^--?(?:[a-z]+-)*(?:key|token|secret)(?:=|$)/i.test(argument)
  );
}

/** The API key: from the environment, else typed at a terminal, unseen. */
export async function readKey(): Promise<string> {
  const given = process.env[KEY_VARIABLE]?.trim();
  if (!given && !isTerminal()) {
    throw new UsageError(`${KEY_VARIABLE} is not set, and there is no terminal to ask at.`);
  }
  const key = given || (await askSecret("API key of Atoms (not shown): "));
  // An error of a header would show its value.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError(`${key === "" ? "No" : "This is no"} API key.`);
  return key;
}
