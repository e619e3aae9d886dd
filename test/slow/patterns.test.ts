import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { checkSync } from "recheck";
import { expect, test } from "vitest";
import { parseAst } from "vitest/node";
import * as z from "zod";

const source = resolve(import.meta.dirname, "../../src");

/** Patterns that no text from outside reaches: files of this project, and what wrangler prints. */
const onTextOfOurs = new Set(["src/ledger/queries/index.ts", "src/commands/deployment-report.ts"]);

/** Files that make patterns at run time, of text of ours: no test can look at these. */
const makingPatterns = ["commands/command.ts"];

const literal = z.object({ regex: z.object({ pattern: z.string(), flags: z.string() }) });

function patternsOf(file: string): RegExp[] {
  const lang = file.endsWith("x") ? "tsx" : "ts";
  const patterns: RegExp[] = [];
  JSON.stringify(parseAst(readFileSync(join(source, file), "utf8"), { lang }), (_name, value) => {
    const { data } = literal.safeParse(value);
    if (data !== undefined) patterns.push(new RegExp(data.regex.pattern, data.regex.flags));
    return typeof value === "bigint" ? String(value) : value;
  });
  return patterns;
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => /(?<!\.d)\.tsx?$/.test(file));

const patterns = files
  .filter((file) => !onTextOfOurs.has(`src/${file}`))
  .flatMap((file) => patternsOf(file).map((pattern) => ({ file, pattern })));

test("no text from outside reaches a pattern that is made at run time", () => {
  const making = files.filter((file) => /\bRegExp\(/.test(readFileSync(join(source, file), "utf8")));
  expect(making).toEqual(makingPatterns);
});

test("there are patterns to look at, and one that takes long is told", () => {
  expect(patterns.length).toBeGreaterThan(40);
  expect(checkSync("(T.+[+-]\\d\\d)(\\d\\d)?$", "").status).toBe("vulnerable");
});

test.each(patterns)("$pattern in $file takes no longer than its text", ({ pattern }) => {
  expect(checkSync(pattern.source, pattern.flags, { timeout: 30_000 })).toMatchObject({ status: "safe" });
});
