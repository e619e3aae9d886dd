import { parseArgs } from "node:util";
import { forgottenDashes } from "./forgotten-dashes.ts";

/** A command was called wrongly; the message is for the person who typed it. */
export class UsageError extends Error {}

/** An option of a command. */
export interface Option<Name extends string> {
  name: Name;
  short?: string;
  /** How the help shows its value, like `<number>`; an option without one is a switch. */
  value?: string;
  help: string;
}

/** A program for people. */
export interface Command<Name extends string> {
  /** How it is called: `npm run erase -- [options]`. */
  usage: string;
  about: string;
  options: readonly Option<Name>[];
  /** Further lines of the help. */
  notes?: string;
  /** Whether it takes words besides its options. */
  takesWords?: boolean;
  /** @returns whether all is well */
  run(given: Given<Name>, signal: AbortSignal): Promise<boolean>;
}

/** The arguments of a command, checked. */
export interface Given<Name extends string> {
  text(name: Name): string | undefined;
  /** A whole number; throws a UsageError for anything else. */
  number(name: Name, fallback: number, least: number): number;
  isOn(name: Name): boolean;
  words: readonly string[];
}

/** Exit codes: something differs or broke; the command was called wrongly; Ctrl+C, as shells count signals. */
const FAILED = 1;
const MISUSED = 2;
const INTERRUPTED = 130;

/** Runs a command to its end, or prints its help. Ctrl+C and its kind abort the signal, and the command cleans up after itself. */
export async function runCommand<Name extends string>(command: Command<Name>): Promise<void> {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => controller.abort());
  try {
    const given = readArguments(command, process.argv.slice(2));
    if (given === "help") console.log(helpOf(command));
    else process.exitCode = (await command.run(given, controller.signal)) ? 0 : FAILED;
  } catch (error) {
    if (controller.signal.aborted) {
      process.exitCode = INTERRUPTED;
      return;
    }
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof UsageError) console.error(`See ${command.usage.replace(/ --.*/s, "")} -- --help`);
    process.exitCode = error instanceof UsageError ? MISUSED : FAILED;
  }
}

/** Reads the arguments; throws a UsageError if they are wrong. */
function readArguments<Name extends string>({ usage, options, takesWords = false }: Command<Name>, args: string[]) {
  const [, script = ""] = /^npm run (\S+)/.exec(usage) ?? [];
  const names = options.map(({ name }) => name);
  const forgotten = forgottenDashes(script, names, args);
  if (forgotten !== undefined) throw new UsageError(forgotten);
  const { values, positionals } = parse(options, takesWords, args);
  if (values["help"] === true) return "help";
  const texts = new Map<Name, string>();
  const switches = new Set<Name>();
  for (const { name } of options) {
    const value = values[name];
    if (typeof value === "string") texts.set(name, value);
    if (value === true) switches.add(name);
  }
  const given: Given<Name> = {
    text: (name) => texts.get(name),
    isOn: (name) => switches.has(name),
    number: (name, fallback, least) => wholeNumber(name, texts.get(name), fallback, least),
    words: positionals,
  };
  return given;
}

function parse(
  options: readonly Option<string>[],
  allowPositionals: boolean,
  args: string[],
): { values: Readonly<Record<string, unknown>>; positionals: string[] } {
  const known = Object.fromEntries(
    options.map(({ name, short, value }) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short !== undefined && { short }) },
    ]),
  );
  try {
    return parseArgs({ args, allowPositionals, options: { ...known, help: { type: "boolean", short: "h" } } });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node.js goes on with advice that nobody needs here.
    throw new UsageError(`${error.message.replace(/\.? To specify .*|\.$/s, "")}.`);
  }
}

function wholeNumber(name: string, text: string | undefined, fallback: number, least: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`--${name} takes a whole number from ${least}, not "${text}".`);
  }
  return value;
}

/** Columns of a terminal. */
const WIDTH = 80;

/** The text of `--help`. */
export function helpOf({ usage, about, options, notes }: Omit<Command<string>, "run">): string {
  const rows = [...options, { name: "help", help: "this text" }].map(
    ({ name, value, help }: Option<string>) =>
      [value === undefined ? `--${name}` : `--${name} ${value}`, help] as const,
  );
  const width = Math.max(...rows.map(([option]) => option.length)) + 4;
  const lines = rows.map(([option, help]) => {
    const [first = "", ...rest] = wrap(help, WIDTH - width).split("\n");
    return [`  ${option}`.padEnd(width) + first, ...rest.map((line) => " ".repeat(width) + line)].join("\n");
  });
  const parts = [wrap(about, WIDTH), lines.join("\n"), ...(notes === undefined ? [] : [wrap(notes, WIDTH)])];
  return [usage, ...parts].join("\n\n");
}

/** Breaks the lines of a text that are longer between words. */
function wrap(text: string, width: number): string {
  return text.replaceAll(new RegExp(`(?![^\\n]{1,${width}}$)([^\\n]{1,${width}}) `, "gm"), "$1\n");
}
