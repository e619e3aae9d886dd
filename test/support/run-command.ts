import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

/**
 * Runs a command of `src/commands` against a ledger of the tests, without a terminal. Rejects with all it printed when it fails.
 * @param name as after `npm run`
 */
export function runCommandAt(url: string, name: string, parameters: string[]) {
  const script = resolve(import.meta.dirname, `../../src/commands/${name}.ts`);
  return promisify(execFile)(process.execPath, [script, ...parameters, "--url", url], {
    env: { ...process.env, LEDGER_TOKEN: "token-of-the-tests" },
  });
}
