import { UsageError } from "./options.ts";

/** Exit codes: something differs or broke; the command was called wrongly; Ctrl+C, as shells count signals. */
const FAILED = 1;
const MISUSED = 2;
const INTERRUPTED = 130;

/**
 * Runs a command to its end. Ctrl+C and its kind abort the signal, and the command cleans up after itself.
 * @param command resolves to whether all is well
 */
export async function run(command: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => controller.abort());
  try {
    process.exitCode = (await command(controller.signal)) ? 0 : FAILED;
  } catch (error) {
    if (controller.signal.aborted) {
      process.exitCode = INTERRUPTED;
      return;
    }
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = error instanceof UsageError || isParseArgsError(error) ? MISUSED : FAILED;
  }
}

function isParseArgsError(error: unknown): boolean {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
