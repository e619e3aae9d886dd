import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UsageError } from "./command.ts";

/** A terminal, or what stands in for one. */
export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
}

/** Standard output stays free for what a command prints for other programs. */
const terminalOfProcess: Terminal = { input: process.stdin, output: process.stderr };

/** Whether somebody is there to answer. */
export function isTerminal({ input, output }: Terminal = terminalOfProcess): boolean {
  return input.isTTY === true && output.isTTY === true;
}

/** Asks for a yes; everything else, the end of the input included, is a no. */
export async function confirm(
  question: string,
  signal: AbortSignal,
  { input, output }: Terminal = terminalOfProcess,
): Promise<boolean> {
  const lines = createInterface({ input, output });
  const closed = new AbortController();
  lines.once("close", () => closed.abort());
  // On a terminal, readline takes Ctrl+C for itself.
  lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: AbortSignal.any([signal, closed.signal]) });
    return /^y(?:es)?$/i.test(answer.trim());
  } catch (error) {
    if (closed.signal.aborted && !signal.aborted) return false;
    throw error;
  } finally {
    lines.close();
  }
}

/**
 * Asks for a yes where somebody is there to answer.
 * @param refusal what is not done: the beginning of the sentence of the UsageError that it throws elsewhere
 */
export function confirmOrRefuse(question: string, refusal: string, signal: AbortSignal): Promise<boolean> {
  if (isTerminal()) return confirm(question, signal);
  throw new UsageError(`${refusal}: there is no terminal to ask at, and --yes was not given.`);
}

/** Asks for a value that is not shown while it is typed; empty at the end of the input. */
export async function askSecret(question: string, { input, output }: Terminal = terminalOfProcess): Promise<string> {
  output.write(question);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: hidden, terminal: true });
  const closed = new AbortController();
  lines.once("close", () => closed.abort());
  lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return (await lines.question("", { signal: closed.signal })).trim();
  } catch (error) {
    if (closed.signal.aborted) return "";
    throw error;
  } finally {
    lines.close();
    output.write("\n");
  }
}
