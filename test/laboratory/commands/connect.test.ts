import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import * as z from "zod";
import { KEY, openAtomsWebhooks } from "../../platform-apis/atoms-webhooks.ts";
import { answerOnLoopback } from "../../support/answer-on-loopback.ts";
import { copyProject } from "../../support/project-copy.ts";
import { ACCOUNT_ID, openStandIn } from "./stand-in/api.ts";

const bulk = z.object({ secrets: z.object({ ATOMS_WEBHOOK_SECRETS: z.object({ text: z.string() }) }) });

/** A deployed Worker that has the secrets that wrangler set. */
function openWorker(api: Awaited<ReturnType<typeof openStandIn>>) {
  api.worker.uploads.push({ bindings: [], parts: [] });
  return answerOnLoopback(async (request) => {
    const set = api.requests.filter(({ asked }) => asked.endsWith("/secrets-bulk")).at(-1);
    if (set === undefined) return Response.json({ type: "not-configured" }, { status: 503 });
    const secrets = bulk.parse(JSON.parse(set.body)).secrets.ATOMS_WEBHOOK_SECRETS.text.split(",");
    const body = await request.text();
    const isRight = secrets.some(
      (secret) => createHmac("sha256", secret).update(body).digest("hex") === request.headers.get("X-Signature"),
    );
    return isRight
      ? Response.json({ status: "ignored" })
      : Response.json({ type: "invalid-signature" }, { status: 401 });
  });
}

test("npm run connect sets the secret with wrangler, subscribes the agents and shows no secret; --check then finds no gap", async () => {
  await using atoms = await openAtomsWebhooks();
  await using api = await openStandIn();
  await using worker = await openWorker(api);
  using project = copyProject();
  const agent = atoms.addAgent("Nisha");
  const run = (...options: string[]) =>
    project.run("connect.ts", ["--platform", "atoms", "--url", worker.url, ...options], {
      CLOUDFLARE_API_BASE_URL: api.url,
      CLOUDFLARE_API_TOKEN: "token-of-the-stand-in",
      CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
      ATOMS_API_BASE: atoms.base,
      ATOMS_API_KEY: KEY,
      ATOMS_WEBHOOK_SECRETS: "secret-of-another-account",
    });

  const asked = await run();
  expect(asked).toMatchObject({ exitCode: 2, output: expect.stringContaining("--yes was not given") });
  expect(await run("--check")).toMatchObject({ exitCode: 1 });
  expect(atoms.webhooks).toEqual([]);

  const done = await run("--yes");
  expect(api.unanswered).toEqual([]);
  expect(done.exitCode, done.output).toBe(0);
  expect(agent.subscriptions).toHaveLength(3);
  const [webhook] = atoms.webhooks;
  const [set] = api.requests.filter(({ asked }) => asked.endsWith("/secrets-bulk"));
  expect(set?.body).toContain(`secret-of-another-account,${webhook?.decryptedSecretKey}`);

  const checked = await run("--check");
  expect(checked.exitCode, checked.output).toBe(0);
  for (const { output } of [asked, done, checked]) expect(output).not.toMatch(/sk_|secret-of|token-of/);
});

test.each([
  [["--key", "sk_typed"], "a key among the arguments"],
  [["--agents=sk_typed"], "a key among the arguments"],
  [["sk_typed"], "a key among the arguments"],
  [["--platform", "atoms", "abcdef-typed"], "connect takes options alone"],
])("a key on the command line, %j, is refused and not repeated", async (given, said) => {
  using project = copyProject();
  const { exitCode, output } = await project.run("connect.ts", given);
  expect(exitCode).toBe(2);
  expect(output).toContain(said);
  expect(output).not.toContain("typed");
});

test.each([
  [["--platform", "atoms", "--url", "http://localhost:8787"], "Atoms cannot reach http://localhost:8787"],
  [
    ["--platform", "atoms", "--url", "https://ledger.example.com"],
    "ATOMS_API_KEY is not set, and there is no terminal",
  ],
  [["--platform", "vapi", "--url", "https://ledger.example.com", "--check"], "--check is for atoms alone"],
  [["--platform", "acme"], "one of atoms, retell"],
])("npm run connect %j is explained", async (given, said) => {
  using project = copyProject();
  expect(await project.run("connect.ts", given)).toMatchObject({ exitCode: 2, output: expect.stringContaining(said) });
});

test.each([
  ["retell", "webhook badge"],
  ["vapi", "Server URL"],
  ["elevenlabs", "wsec_"],
  ["custom", "whsec_"],
])("for %s it prints the two things to set, with the address filled in", async (name, secret) => {
  using project = copyProject();
  const given = ["--platform", name, "--url", "https://ledger.example.com/", "--env", "staging"];
  const { exitCode, output } = await project.run("connect.ts", given);
  expect(exitCode, output).toBe(0);
  expect(output).toContain(`https://ledger.example.com/webhooks/${name}\n`);
  expect(output).toContain(`npx wrangler secret put ${name.toUpperCase()}_WEBHOOK_SECRETS --env=staging\n`);
  expect(output).toContain(secret);
});
