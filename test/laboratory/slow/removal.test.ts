import { execFile } from "node:child_process";
import { cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { projectFolder } from "../../../src/commands/wrangler.ts";
import { copyProject } from "../../support/project-copy.ts";
import { testsThrough } from "../../vitest.config.ts";

const run = promisify(execFile);

const rooms = { api: "src/api", dashboard: "src/dashboard", mcp: "src/mcp" } as const;
type Room = keyof typeof rooms;

/** Paragraphs of wrangler.toml that name the folder of a room. */
const paragraphs: Record<Room, number> = { api: 0, dashboard: 1, mcp: 0 };

/** Takes a room out as somebody does who wants the ledger without it: its folder, its tests, and its lines in the table of routes and in wrangler.toml. */
function takeOut(room: Room, folder: string): void {
  rmSync(join(folder, rooms[room]), { recursive: true });
  for (const path of [`test/${room}`, ...testsThrough(rooms[room])]) {
    rmSync(join(folder, path), { recursive: true, force: true });
  }
  for (const path of globSync("test/**/*.ts", { cwd: folder })) {
    if (readFileSync(join(folder, path), "utf8").includes(`${rooms[room]}/`)) rmSync(join(folder, path));
  }
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

/** A copy of all that `npm run check` and `npm test` read. */
function copyWithTests() {
  const project = copyProject();
  for (const name of ["test", ".biome.json", ".gitignore", "README.md"])
    cpSync(join(projectFolder, name), join(project.folder, name), { recursive: true });
  return project;
}

const environment = { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };
const npm = (folder: string, ...parameters: string[]) => run("npm", parameters, { cwd: folder, env: environment });

const withouts: Room[][] = [["dashboard"], ["api"], ["mcp"], ["api", "dashboard"], ["api", "dashboard", "mcp"]];

test.for(withouts.map((without) => ({ without, named: without.join(" and ") })))(
  "without the $named and its tests the rest passes the check",
  async ({ without }, { skip }) => {
    skip(!without.every((room) => existsSync(join(projectFolder, rooms[room]))), "taken out already");
    using project = copyWithTests();
    for (const room of without) takeOut(room, project.folder);
    expect((await npm(project.folder, "run", "check")).stdout).toContain("--dry-run: exiting now.");
  },
);

test("without any face the quick tests that are left pass", async ({ skip }) => {
  const all = Object.values(rooms);
  skip(!all.every((room) => existsSync(join(projectFolder, room))), "taken out already");
  using project = copyWithTests();
  for (const room of ["api", "dashboard", "mcp"] as const) takeOut(room, project.folder);
  const { stdout } = await npm(project.folder, "run", "test:quick");
  expect(stdout).toMatch(/Tests .*\d{3} passed/);
});

test("without the laboratory the rest passes the check, and the tests run", async () => {
  using project = copyWithTests();
  rmSync(join(project.folder, "test/laboratory"), { recursive: true });
  await npm(project.folder, "run", "check");
  const { stdout } = await npm(project.folder, "test", "--", "test/intake.test.ts", "test/ladder.test.ts");
  expect(stdout).toMatch(/Test Files .*2 passed/);
});
