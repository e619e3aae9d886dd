import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectFolder } from "../../src/commands/wrangler.ts";
import { adaptations } from "./adaptations.ts";

const help = `npm run test:adapted -- [change …]

Makes a copy of the project, applies changes that the READMEs show, and runs the tests in it.

  change   ${adaptations.map(({ name }) => name).join(" | ")}; all of them together when none is named
  --each   every change alone, one copy after the other
  --help   this text`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { each: { type: "boolean" }, help: { type: "boolean" } },
});
const chosen = adaptations.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

if (values.help || chosen.length < positionals.length) {
  console.log(help);
  process.exitCode = values.help ? 0 : 1;
} else {
  const groups = values.each ? chosen.map((one) => [one]) : [chosen];
  process.exitCode = groups.every(testAdapted) ? 0 : 1;
}

/** Whether the tests pass in a copy with these changes. */
function testAdapted(changes: typeof chosen): boolean {
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
    const { status } = spawnSync(process.execPath, [vitest, "run", "--config", "test/vitest.config.ts"], {
      cwd: folder,
      stdio: "inherit",
    });
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
