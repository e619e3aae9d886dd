import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import * as z from "zod";
import { copyProject } from "./support/project-copy.ts";

const projectFolder = join(import.meta.dirname, "..");
const settings = readFileSync(join(projectFolder, "wrangler.toml"), "utf8");

/** The line of README.md that makes the configuration of a second ledger, as sed has it. */
function secondLedger(text: string): string {
  const command = /^sed -E '(.*)' wrangler\.toml > wrangler\.staging\.toml$/m.exec(
    readFileSync(join(projectFolder, "README.md"), "utf8"),
  )?.[1];
  expect(command).toBe(
    String.raw`s/^((database_|bucket_)?name|queue|dead_letter_queue) = "([a-z])/\1 = "staging-\3/; s/"4170"/"4171"/`,
  );
  return text
    .replaceAll(/^((?:database_|bucket_)?name|queue|dead_letter_queue) = "([a-z])/gm, '$1 = "staging-$2')
    .replaceAll('"4170"', '"4171"');
}

test.each(["call-ledger", "my-calls"])("a staging ledger beside %s shares nothing with it", (name) => {
  const first = settings.replaceAll("call-ledger", name);
  const namesOf = (text: string) =>
    [...text.matchAll(/^(?:(?:database_|bucket_)?name|queue|dead_letter_queue|namespace_id) = "([a-z0-9].*)"/gm)].map(
      ([, value]) => value,
    );
  const [ones, others] = [namesOf(first), namesOf(secondLedger(first))];
  expect(others).toHaveLength(ones.length);
  expect(others.filter((value) => ones.includes(value))).toEqual([]);
  expect(others.filter((value) => value?.endsWith("-dead-letters"))).toHaveLength(3);
});

test("a second configuration with the name of the first is not deployed over it", async () => {
  using project = copyProject();
  writeFileSync(join(project.folder, "wrangler.staging.toml"), settings.replace('"4170"', '"4171"'));
  const { exitCode, output } = await project.run("deploy.ts", ["--config", "wrangler.staging.toml"]);
  expect(exitCode).toBe(1);
  expect(output).toContain("has the name of wrangler.toml, call-ledger, and would take the place of that Worker");
});

test("every schedule of wrangler.toml has its work", () => {
  const { triggers } = z.object({ triggers: z.object({ crons: z.array(z.string()).min(2) }) }).parse(parse(settings));
  const source = readFileSync(join(projectFolder, "src/cron.ts"), "utf8");
  for (const cron of triggers.crons) expect(source).toContain(`= "${cron}";`);
});
