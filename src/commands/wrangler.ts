import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";

/** The project these commands belong to, wherever they are called from. */
export const projectFolder = resolve(import.meta.dirname, "../..");

const wranglerEntry = resolve(projectFolder, "node_modules/wrangler/bin/wrangler.js");

export interface RunOptions {
  /** Whether wrangler may ask questions; without, it takes its defaults as it does in CI. */
  interactive?: boolean;
  /** Variables besides those of this process. */
  environment?: Record<string, string>;
  /** Text for its standard input. */
  input?: string;
}

/** Runs the project's own wrangler, its output shown as it comes. Resolves to its exit code. */
export async function runWrangler(
  parameters: string[],
  { interactive = false, environment = {}, input }: RunOptions = {},
): Promise<number> {
  // wrangler asks when its input is a terminal; no other switch keeps it from asking.
  const stdin = input === undefined ? (interactive ? "inherit" : "ignore") : "pipe";
  const child = spawnWrangler(parameters, [stdin, "inherit", "inherit"], environment);
  child.stdin?.end(input);
  return exitCodeOf(child);
}

/**
 * Runs the project's own wrangler and returns its output; `undefined` if it fails.
 * @param errors whether its error output is shown
 */
export async function readWrangler(
  parameters: string[],
  errors: "shown" | "hidden" = "shown",
): Promise<string | undefined> {
  const child = spawnWrangler(parameters, ["ignore", "pipe", errors === "shown" ? "inherit" : "ignore"]);
  const [output, code] = await Promise.all([child.stdout ? text(child.stdout) : "", exitCodeOf(child)]);
  return code === 0 ? output : undefined;
}

/** Starts the project's own wrangler. With a channel ("ipc"), `wrangler dev` says when it is ready. */
export function spawnWrangler(
  parameters: string[],
  stdio: StdioOptions,
  environment: Record<string, string> = {},
): ChildProcess {
  return spawn(process.execPath, [wranglerEntry, ...parameters], {
    cwd: projectFolder,
    env: { ...process.env, ...environment },
    stdio,
  });
}

export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // A child ended by a signal has no exit code, and has not succeeded.
    child.once("close", (code) => resolve(code ?? 1));
  });
}
