import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand, UsageError } from "../../../src/commands/command.ts";
import { projectFolder } from "../../../src/commands/wrangler.ts";
import { type Adaptation, adaptations } from "./adaptations.ts";

await runCommand({
  usage: "npm run test:adapted -- [change …] [options]",
  about: `Makes a copy of the project, applies changes that the READMEs show, and runs the quick tests in it: \
${adaptations.map(({ name }) => name).join(", ")}, or all of them together. Minutes a copy.`,
  options: [{ name: "each", help: "every change alone, one copy after the other" }],
  takesWords: true,
  async run({ words, isOn }) {
    const chosen = adaptations.filter(({ name }) => words.length === 0 || words.includes(name));
    const unknown = words.filter((word) => !adaptations.some(({ name }) => name === word));
    if (unknown.length > 0) throw new UsageError(`The READMEs show no change ${unknown.join(", ")}.`);
    const groups = isOn("each") ? chosen.map((one) => [one]) : [chosen];
    return groups.every(testAdapted);
  },
});

/** Whether the tests pass in a copy with these changes. */
function testAdapted(changes: readonly Adaptation[]): boolean {
  const folder = mkdtempSync(join(tmpdir(), "call-ledger-adapted-"));
  try {
    for (const name of [
      "src",
      "test",
      "wrangler.toml",
      "package.json",
      "tsconfig.json",
      "README.md",
      ".dev.vars.example",
    ]) {
      cpSync(join(projectFolder, name), join(folder, name), { recursive: true });
    }
    symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"), "junction");
    for (const { apply } of changes) apply(folder);
    console.log(`\n=== the tests after: ${changes.map(({ name }) => name).join(", ")}`);
    const vitest = join(projectFolder, "node_modules/vitest/vitest.mjs");
    // Something of every folder: most of the other tests depend on none of the changes.
    const options = ["--config", "test/vitest.config.ts", "--mode", "quick"];
    const { status } = spawnSync(process.execPath, [vitest, "run", ...options], { cwd: folder, stdio: "inherit" });
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
