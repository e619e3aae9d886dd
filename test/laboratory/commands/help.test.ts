import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import * as z from "zod";
import { projectFolder } from "../../../src/commands/wrangler.ts";

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(projectFolder, "package.json"), "utf8")));

/** Every script that is a program of ours: its name to its file. */
const programs = Object.entries(scripts).flatMap(([name, script]) => {
  const [, file] = /^node (\S+\.ts)$/.exec(script) ?? [];
  return file === undefined ? [] : [{ name, file }];
});

test.for(programs)("npm run $name has a help that fits a terminal, and does nothing else", async ({ name, file }) => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(projectFolder, file), "--help"]);
  expect(stdout.startsWith(`npm run ${name}`)).toBe(true);
  expect(stdout).toContain("--help");
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect(stderr).toBe("");
});

test("an option that a command does not know is named, and not taken for another", async () => {
  const script = join(projectFolder, "src/commands/erase.ts");
  await expect(promisify(execFile)(process.execPath, [script, "--token", "secret"])).rejects.toMatchObject({
    code: 2,
    stdout: "",
    stderr: "\nUnknown option '--token'.\nSee npm run erase -- --help\n",
  });
});

test.each([
  ["erase", ["--yes"]],
  ["deliveries", ["--state", "failed"]],
  ["deploy", ["--dry-run"]],
  ["deploy", ["--env=staging"]],
  ["dev", ["--port", "9000"]],
])("npm run %s %j without its -- does nothing, and says how to call it", async (name, given) => {
  const npm = promisify(execFile)("npm", ["run", name, ...given], { cwd: projectFolder });
  await expect(npm).rejects.toMatchObject({
    stderr: expect.stringContaining(`Options come after a --: npm run ${name} -- ${given[0]?.split("=")[0]}`),
  });
});
