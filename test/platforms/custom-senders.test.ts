import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { customJsonSchema } from "../../src/platforms/custom/json-schema.ts";
import { ask } from "../support/ask.ts";
import { CUSTOM_SECRET } from "../support/custom.ts";
import { bootLedger } from "../support/ledger.ts";

const readme = readFileSync(resolve(import.meta.dirname, "../../src/platforms/custom/README.md"), "utf8");

/** The code blocks of a language below a heading. */
function blocks(heading: string, language: string): string[] {
  const section = readme.split(`# ${heading}\n`)[1]?.split(/\n#+ [A-Z]/)[0] ?? "";
  return Array.from(section.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs")), ([, code = ""]) => code);
}

const [example = ""] = blocks("One body that tells a whole call", "json");

let folder: string;
let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: { CUSTOM_WEBHOOK_SECRETS: CUSTOM_SECRET } });
  folder = mkdtempSync(join(tmpdir(), "custom-senders-"));
  writeFileSync(join(folder, "call_ledger.py"), blocks("Python", "python")[0] ?? "");
  writeFileSync(join(folder, "call-ledger.ts"), blocks("TypeScript", "ts")[0] ?? "");
});
afterAll(async () => {
  await ledger.harness.close();
  rmSync(folder, { recursive: true });
});

const has = (command: string, ...parameters: string[]) => spawnSync(command, parameters).status === 0;
const noCurl = !has("curl", "--version") || !has("openssl", "version");
const noPython = !has("python3", "--version");

/** Runs a program in the folder, with the example as `event.json` under the id of a call. */
async function run(call_id: string, command: string, ...parameters: string[]): Promise<string> {
  writeFileSync(join(folder, "event.json"), example.replace("room_7Qm2", call_id).replace("evt_01JAZ8", call_id));
  const env = { ...process.env, LEDGER_URL: ledger.url.replace(/\/$/, ""), LEDGER_SECRET: CUSTOM_SECRET };
  return (await promisify(execFile)(command, parameters, { cwd: folder, env })).stdout;
}

async function turnsOf(call_id: string): Promise<unknown[]> {
  return Object((await ask(ledger.url, `/api/calls/${call_id}/transcript`)).body).turns;
}

test("the example fits the schema", () => {
  const validate = new Ajv2020({ strict: false }).compile(customJsonSchema());
  expect(validate(JSON.parse(example)), JSON.stringify(validate.errors)).toBe(true);
});

test.skipIf(noCurl)("curl sends it", async () => {
  const [script = ""] = blocks("curl", "sh");
  expect(JSON.parse(await run("by-curl", "sh", "-ec", script))).toMatchObject({ status: "stored", call_id: "by-curl" });
  expect(await turnsOf("by-curl")).toHaveLength(4);
});

test.skipIf(noPython)("Python sends it", async () => {
  const answer = await run("by-python", "sh", "-c", "python3 call_ledger.py < event.json");
  expect(JSON.parse(answer)).toMatchObject({ status: "stored", call_id: "by-python" });
});

test.skipIf(noPython)("Python says what is wrong with a body", async () => {
  const send = "import call_ledger; call_ledger.send({'event': 'call.end'})";
  await expect(run("wrong", "python3", "-c", send)).rejects.toThrow(/answers 422: .*"path":"timestamp"/);
});

test("TypeScript sends it", async () => {
  const send = `import { send } from "./call-ledger.ts"; import { readFileSync } from "node:fs";
    console.log(JSON.stringify(await send(JSON.parse(readFileSync("event.json", "utf8")))));`;
  writeFileSync(join(folder, "main.ts"), send);
  const answer = await run("by-typescript", process.execPath, "--experimental-strip-types", "main.ts");
  expect(JSON.parse(answer)).toMatchObject({ status: "stored", call_id: "by-typescript" });
});

test.skipIf(noPython)("what is shown for LiveKit turns its items into turns", async () => {
  writeFileSync(join(folder, "of_livekit.py"), blocks("From LiveKit Agents", "python")[0] ?? "");
  const program = `
import asyncio
from types import SimpleNamespace as Item
from of_livekit import on_session_end
items = [
    Item(type="agent_config_update"),
    Item(type="message", role="system", text_content="Be kind.", created_at=1772443800.0, metrics={}),
    Item(type="message", role="user", text_content="An appointment.", created_at=1772443801.0, metrics={}),
    Item(type="function_call", call_id="1", name="find_slot", arguments='{"day":"tue"}', created_at=1772443802.0),
    Item(type="function_call_output", call_id="1", output="none", is_error=True, created_at=1772443802.25),
    Item(type="message", role="assistant", text_content="None.", created_at=1772443803.0, metrics={"e2e_latency": 0.75}),
]
report = Item(room_id="of-livekit", started_at=1772443800.0, chat_history=Item(items=items))
asyncio.run(on_session_end(Item(make_session_report=lambda: report)))
`;
  await run("livekit", "python3", "-c", program);
  const times = { timestamp: expect.stringMatching(/^2026-03-02T09:30:0/) };
  expect(await turnsOf("of-livekit")).toMatchObject([
    { role: "user", content: "An appointment.", ...times },
    { name: "find_slot", arguments: { day: "tue" }, result: "none", status: "error", duration_ms: 250, ...times },
    { role: "agent", content: "None.", ...times },
  ]);
  const { body } = await ask(ledger.url, "/api/calls/of-livekit");
  expect(body).toMatchObject({ call: { started_at: "2026-03-02T09:30:00.000Z", latency_ms: 750 } });
});

test.skipIf(noPython)("what is shown for Pipecat notes turns and tools, those that fail too", async () => {
  writeFileSync(join(folder, "of_pipecat.py"), blocks("From Pipecat", "python")[0] ?? "");
  const program = `
import asyncio
from of_pipecat import Call
async def found(): return {"slots": ["10:00"]}
async def failing(): raise ValueError("no such slot")
async def main():
    call = Call("of-pipecat")
    call.said("user", "An appointment.")
    await call.tool("find_slot", {"day": "tue"}, found())
    try: await call.tool("book", {}, failing())
    except ValueError: pass
    await call.end(disposition="completed")
asyncio.run(main())
`;
  await run("pipecat", "python3", "-c", program);
  expect(await turnsOf("of-pipecat")).toMatchObject([
    { role: "user", content: "An appointment." },
    { name: "find_slot", arguments: { day: "tue" }, result: { slots: ["10:00"] }, status: "ok" },
    { name: "book", result: "no such slot", status: "error" },
  ]);
});
