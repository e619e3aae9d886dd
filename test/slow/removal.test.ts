import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { projectFolder } from "../src/commands/wrangler.ts";
import { copyProject } from "./commands/project-copy.ts";

const run = promisify(execFile);
const bin = join(projectFolder, "node_modules/.bin");

const rooms = { api: "src/api", dashboard: "src/dashboard" };
type Room = keyof typeof rooms;

/** Takes a room out as somebody does who wants the ledger without it: its folder, and its lines in the table of routes. */
function takeOut(room: Room, folder: string): void {
  rmSync(join(folder, rooms[room]), { recursive: true });
  const routes = join(folder, "src/routes.ts");
  const lines = readFileSync(routes, "utf8").split("\n");
  const left = lines.filter((line) => !new RegExp(`\\b${room}\\b`).test(line));
  expect(lines.length - left.length).toBe(2);
  writeFileSync(routes, left.join("\n"));
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
