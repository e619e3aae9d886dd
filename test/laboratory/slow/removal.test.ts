import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { projectFolder } from "../../../src/commands/wrangler.ts";
import { copyProject } from "../../support/project-copy.ts";

const run = promisify(execFile);
const bin = join(projectFolder, "node_modules/.bin");

const rooms = { api: "src/api", dashboard: "src/dashboard" };
type Room = keyof typeof rooms;

/** Paragraphs of wrangler.toml that name the folder of a room. */
const paragraphs: Record<Room, number> = { api: 0, dashboard: 1 };

/** Takes a room out as somebody does who wants the ledger without it: its folder, and its lines in the table of routes and in wrangler.toml. */
function takeOut(room: Room, folder: string): void {
  rmSync(join(folder, rooms[room]), { recursive: true });
  drop(join(folder, "src/routes.ts"), "\n", new RegExp(`\\b${room}\\b`), 2);
  drop(join(folder, "wrangler.toml"), "\n\n", new RegExp(`^directory = "${rooms[room]}/`, "m"), paragraphs[room]);
}

/** Drops the parts of a file that match, which have to be so many. */
function drop(file: string, separator: string, pattern: RegExp, count: number): void {
  const parts = readFileSync(file, "utf8").split(separator);
  const left = parts.filter((part) => !pattern.test(part));
  expect(parts.length - left.length).toBe(count);
  writeFileSync(file, left.join(separator));
}

const withouts: Room[][] = [["dashboard"], ["api"], ["api", "dashboard"]];

test.for(withouts.map((without) => ({ without, named: without.join(" and ") })))(
  "without the $named the rest compiles and can be deployed",
  { timeout: 90_000 },
  async ({ without }, { skip }) => {
    skip(!without.every((room) => existsSync(join(projectFolder, rooms[room]))), "taken out already");
    using project = copyProject();
    for (const room of without) takeOut(room, project.folder);
    await run(join(bin, "tsc"), ["-p", "."], { cwd: project.folder });
    const { stdout } = await run(join(bin, "wrangler"), ["deploy", "--dry-run"], {
      cwd: project.folder,
      env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" },
    });
    expect(stdout).toContain("--dry-run: exiting now.");
  },
);
