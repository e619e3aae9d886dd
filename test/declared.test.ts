import { expect, test } from "vitest";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { announce } from "./support/post.ts";

test("a body that declares too much is refused before it is sent", async () => {
  const ledger = await bootOnNetwork({ env: { MAX_BODY_BYTES: "1000" } });
  expect(await announce(ledger.url, 1001)).toMatchObject({ status: 413 });
  await ledger.close();
});
