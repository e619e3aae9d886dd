import { ensureLocalSecrets } from "./local-secrets.ts";
import { projectFolder, runWrangler } from "./wrangler.ts";

/** What `npm run dev` does before `wrangler dev`: local secrets, and the tables of the local database. */
const { added, empty } = ensureLocalSecrets(projectFolder);
if (added.length > 0) console.log(`Wrote new local secrets to .dev.vars: ${added.join(", ")}.`);
for (const name of empty)
  console.warn(`${name} is empty in .dev.vars: delete its line, and the next start writes one.`);

process.exitCode = await runWrangler(["d1", "migrations", "apply", "DB", "--local"]);

if (process.exitCode === 0) {
  console.log(`
Send events to  http://localhost:8787/webhooks/atoms  (if wrangler takes another port, it says so below),
signed with ATOMS_WEBHOOK_SECRETS. See the calls at  http://localhost:8787  and sign in with API_TOKEN. Both are in .dev.vars, which
git ignores.
`);
}
