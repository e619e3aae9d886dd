import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { askSecret, confirm, isTerminal } from "../../../src/commands/confirm.ts";

/** A terminal at which somebody types. */
function terminal(typed: string) {
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(typed);
  return { input, output };
}

const { signal } = new AbortController();

test.each([
  ["y\n", true],
  ["Yes\n", true],
  [" y \n", true],
  ["\n", false],
  ["n\n", false],
  ["yesterday\n", false],
  ["", false],
])("%j is a yes: %s", async (typed, expected) => {
  expect(await confirm("Erase this?", signal, terminal(typed))).toBe(expected);
});

test("the question is put where people see it", async () => {
  const { input, output } = terminal("y\n");
  await confirm("Erase this?", signal, { input, output });
  expect(String(output.read())).toContain("Erase this? [y/N] ");
});

test.each([
  ["key_1\n", "key_1"],
  ["  key_1 \nkey_2\n", "key_1"],
  ["\n", ""],
  ["", ""],
])("a secret typed as %j is %j, and nobody sees it", async (typed, expected) => {
  const { input, output } = terminal(typed);
  expect(await askSecret("RETELL_WEBHOOK_SECRETS: ", { input, output })).toBe(expected);
  expect(String(output.read())).toBe("RETELL_WEBHOOK_SECRETS: \n");
});

test("Ctrl+C is no answer", async () => {
  const controller = new AbortController();
  const input = new PassThrough();
  const answer = confirm("Erase this?", controller.signal, { input, output: new PassThrough() });
  controller.abort();
  await expect(answer).rejects.toThrow("aborted");
});

test("only where both ends are a terminal can somebody be asked", () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  expect(isTerminal({ input, output })).toBe(false);
  expect(isTerminal({ input: Object.assign(input, { isTTY: true }), output })).toBe(false);
  expect(isTerminal({ input, output: Object.assign(output, { isTTY: true }) })).toBe(true);
});
