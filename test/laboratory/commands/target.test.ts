import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ledgerUrl } from "../../../src/commands/target.ts";
import { copyProject } from "../../support/project-copy.ts";
import { portOf } from "../simulator/receiver.ts";

/** A ledger that has nothing, and remembers who read it. */
const authorizations: (string | undefined)[] = [];
const server = createServer((request, response) => {
  authorizations.push(request.headers.authorization);
  response.setHeader("Content-Type", "application/json").end('{"parked":[],"unreachable":[],"next_cursor":null}');
});
let project: ReturnType<typeof copyProject>;
let local: string;
beforeAll(async () => {
  project = copyProject();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  local = `http://127.0.0.1:${portOf(server.address())}`;
});
afterAll(() => {
  server.close();
  project[Symbol.dispose]();
});

const parked = (parameters: string[], environment: Record<string, string> = {}) => {
  authorizations.length = 0;
  return project.run("parked.ts", parameters, environment);
};

test("without a token a command says that it is missing, and how to come by one", async () => {
  const { exitCode, output } = await parked(["--url", local]);
  expect(exitCode).toBe(2);
  expect(output).toContain("LEDGER_TOKEN is not set, and there is no .dev.vars: `npm run dev` writes one.");
  expect(authorizations).toEqual([]);
});

test("the token of a ledger on this machine is that of .dev.vars, and LEDGER_TOKEN comes first", async () => {
  writeFileSync(join(project.folder, ".dev.vars"), 'API_TOKEN="local token"\n');
  expect(await parked(["--url", local])).toEqual({ exitCode: 0, output: "none\n" });
  expect(authorizations).toEqual(["Bearer local token"]);
  await parked([], { LEDGER_URL: local, LEDGER_TOKEN: "another token" });
  expect(authorizations).toEqual(["Bearer another token"]);
});

test("the local token goes to no other machine", async () => {
  writeFileSync(join(project.folder, ".dev.vars"), 'API_TOKEN="local token"\n');
  const { exitCode, output } = await parked(["--url", "https://ledger.example.com/"]);
  expect(exitCode).toBe(2);
  expect(output).toContain("LEDGER_TOKEN is not set: it has to be the API_TOKEN of https://ledger.example.com.");
});

test("a token that is empty in .dev.vars is missing", async () => {
  writeFileSync(join(project.folder, ".dev.vars"), 'API_TOKEN=""\n');
  expect((await parked(["--url", local])).output).toContain(".dev.vars has an empty API_TOKEN");
});

test("a ledger that does not run is named, with what starts it", async () => {
  const { exitCode, output } = await parked(["--url", "http://127.0.0.1:9"], { LEDGER_TOKEN: "any" });
  expect(exitCode).toBe(1);
  expect(output).toContain("The ledger at http://127.0.0.1:9 cannot be reached. Does `npm run dev` run?");
});

test("an address that is none is refused", async () => {
  const { exitCode, output } = await parked(["--url", "ledger"], { LEDGER_TOKEN: "any" });
  expect(exitCode).toBe(2);
  expect(output).toContain('A ledger has an http or https address, not "ledger".');
});

test.each(["http://ledger.example.com", "http://192.168.0.7:8787", "http://127.0.0.1.example.com", "http://10.0.0.1/"])(
  "nothing goes to %s, where anybody on the way could read the token",
  async (url) => {
    const { exitCode, output } = await parked([], { LEDGER_URL: url, LEDGER_TOKEN: "any" });
    expect(exitCode).toBe(2);
    expect(output).toContain(`Nothing is sent to ${new URL(url).origin}: anybody on the way could read the token.`);
  },
);

test.each(["http://localhost:8787", "http://127.1.2.3:9", "http://[::1]:9"])(
  "%s is this machine, and needs no TLS",
  (url) => {
    expect(ledgerUrl(url).href).toBe(`${url}/`);
  },
);
