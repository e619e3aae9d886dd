import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv, promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { projectFolder } from "../../../src/commands/wrangler.ts";
import { copyProject } from "../../support/project-copy.ts";

test("a fresh clone starts without a question, and ends its start with the address and the token", async () => {
  using project = copyProject();
  const dev = project.start("dev.ts", ["--port", "0", "--inspector-port", "0"]);
  try {
    await vi.waitFor(() => expect(dev.output()).toContain("npm run simulate"), { timeout: 120_000, interval: 200 });
    const output = dev.output();
    const secrets = parseEnv(readFileSync(join(project.folder, ".dev.vars"), "utf8"));
    const [, url = ""] = /Dashboard {2}(http:\/\/localhost:\d+)\n/.exec(output) ?? [];
    expect(output).toContain(`API token  ${secrets["API_TOKEN"]}`);
    expect(output.indexOf("API token")).toBeGreaterThan(output.indexOf("Ready on"));
    for (const name of ["ATOMS", "RETELL", "VAPI", "ELEVENLABS", "CUSTOM"]) {
      expect(output).toContain(`${url}/webhooks/${name.toLowerCase()}, signed with ${name}_WEBHOOK_SECRETS`);
      expect(output).not.toContain(secrets[`${name}_WEBHOOK_SECRETS`]);
    }
    expect(output).not.toContain(secrets["SYNC_SECRET"]);

    expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: "ok" });
    const headers = { Authorization: `Bearer ${secrets["API_TOKEN"]}` };
    expect(await (await fetch(`${url}/api/calls`, { headers })).json()).toMatchObject({ calls: [] });

    const { stdout } = await promisify(execFile)("bash", ["-c", signedEvent(url)], { cwd: project.folder });
    expect(stdout).toMatch(
      /^\{"status":"stored",.*"call_id":"call_1"\}\{"calls":\[\{.*"call_id":"call_1","platform":"atoms"/,
    );
  } finally {
    await dev.stop();
  }
});

/** What README.md shows to paste. */
function signedEvent(url: string): string {
  const readme = readFileSync(join(projectFolder, "README.md"), "utf8");
  const [, commands = ""] = /```sh\n(\. \.\/\.dev\.vars\n.*?)```/s.exec(readme) ?? [];
  return commands.replaceAll("http://localhost:8787", url);
}

test("its help starts nothing and writes nothing", async () => {
  using project = copyProject();
  const { exitCode, output } = await project.run("dev.ts", ["--help"]);
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^npm run dev/) });
  expect(existsSync(join(project.folder, ".dev.vars"))).toBe(false);
});
