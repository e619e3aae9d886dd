import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import type { Unstable_RawConfig as RawConfig } from "wrangler";
import * as z from "zod";
import { projectFolder } from "../../../src/commands/wrangler.ts";

const read = (name: string) => readFileSync(join(projectFolder, name), "utf8");

const { cloudflare } = z
  .object({ cloudflare: z.object({ bindings: z.record(z.string(), z.object({ description: z.string().min(20) })) }) })
  .parse(JSON.parse(read("package.json")));

test("the Deploy to Cloudflare button asks for the API token and no other secret", () => {
  expect(Object.keys(parseEnv(read(".dev.vars.example")))).toEqual(["API_TOKEN"]);
});

test("its form describes every binding, variable and secret there is, and nothing besides", () => {
  const config: RawConfig = parse(read("wrangler.toml"));
  const bindings = [
    ...[...(config.d1_databases ?? []), ...(config.r2_buckets ?? []), ...(config.queues?.producers ?? [])],
    ...(config.workflows ?? []),
  ].map(({ binding }) => binding);
  const limits = (config.ratelimits ?? []).map(({ name }) => name);
  const secrets = Object.keys(parseEnv(read("src/bindings.env")));
  const names = [...bindings, ...limits, ...Object.keys(config.vars ?? {}), ...secrets];
  expect(Object.keys(cloudflare.bindings).sort()).toEqual(names.sort());
});
