import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const source = resolve(import.meta.dirname, "../src");

/** The house, from the ground up: a folder imports itself and what stands before it, never what stands after it. */
const ladder = [
  "settings.ts",
  "log.ts",
  "events",
  "stores",
  "http",
  "platforms",
  "archive",
  "held",
  "ledger",
  "export",
  "letting-go",
  "ingest",
  "sync",
  "erasure",
  "fetching",
  "recordings",
  "alerts",
  "reading",
  "api",
  "dashboard",
  "mcp",
  "queue.ts",
  "cron.ts",
  "health.ts",
  "routes.ts",
  "index.ts",
];

/** Faces of the same reading: none knows another. */
const faces = ["api", "dashboard", "mcp"];
const isStranger = (from: string, to: string) => from !== to && faces.includes(from) && faces.includes(to);

/** Node programs: not part of the Worker, and nothing of the Worker imports them. They write numbers as the Worker does, and know its platforms and its export. */
const COMMANDS = "commands";
const shownToCommands = new Set(["commands", "events", "platforms", "export"]);

const roomOf = (path: string) => relative(source, path).split("/")[0] ?? "";

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), "utf8");
  return Array.from(text.matchAll(/\b(?:from|import)\s+"(\.{1,2}\/[^"]+)"/g), ([, path = ""]) => path);
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.d)\.tsx?$/.test(name));

test("every file stands in a folder of the house", () => {
  const rooms = new Set(files.map((file) => roomOf(join(source, file))));
  expect([...rooms].filter((room) => room !== COMMANDS && !ladder.includes(room))).toEqual([]);
});

test("a folder imports only folders above it", () => {
  const wrong = files.flatMap((file) => {
    const from = roomOf(join(source, file));
    return importsOf(file).flatMap((path) => {
      const to = roomOf(join(source, dirname(file), path));
      const isAbove =
        from === COMMANDS ? shownToCommands.has(to) : ladder.indexOf(to) <= ladder.indexOf(from) && to !== COMMANDS;
      return isAbove && !isStranger(from, to) ? [] : [`${file} imports ${path}`];
    });
  });
  expect(wrong).toEqual([]);
});
