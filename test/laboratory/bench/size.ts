import { randomUUID } from "node:crypto";
import type { Bundle } from "../../support/bundle.ts";
import { boot } from "./boot.ts";
import type { Downstream } from "./downstream.ts";
import { openSender, sendAll } from "./load.ts";
import { platformBodies } from "./platform-bodies.ts";
import type { Report } from "./report.ts";
import { spokenTurns } from "./spoken.ts";

const CALLS = 300;
const TALK_SECONDS = 300;
const AT_A_TIME = 8;

/** Bytes of D1 a call, words included: 10 GB are more than a million calls. */
const MAX_BYTES = 8_000;

/** @param bundles of ledgers without words searched, and with */
export async function reportSize(
  report: Report,
  [plain, searching]: readonly [Bundle, Bundle],
  downstream: Downstream,
): Promise<void> {
  report.section(
    "Size of a call",
    `${CALLS} whole calls of ${TALK_SECONDS / 60} minutes of talk. What each adds to the file of D1 (its size_after: rows, indices and the pages between), and
what of it are the payloads of its events. KB are 1,000 bytes.`,
  );
  const rows: { platform: string; sent: number; plain: Size; searching: Size }[] = [];
  for (const [platform, bodies] of Object.entries(platformBodies)) {
    const calls = Array.from({ length: CALLS }, (_, seed) =>
      bodies.call(randomUUID(), spokenTurns(TALK_SECONDS, seed)).map(bodies.sign),
    );
    const sent = calls.flat().reduce((sum, { body }) => sum + body.byteLength, 0) / CALLS;
    const measure = async (bundle: Bundle): Promise<Size> => {
      const { url, database, stop } = await boot(bundle, downstream.url);
      const size = async () => (await database.prepare("SELECT 1").all()).meta.size_after;
      const before = await size();
      const sender = openSender(new URL(bodies.path, url), AT_A_TIME);
      await sendAll(sender, calls.flat(), AT_A_TIME);
      sender.close();
      const payloads = await database
        .prepare("SELECT sum(octet_length(payload)) AS bytes, count(DISTINCT call_id) AS calls FROM events")
        .first<{ bytes: number; calls: number }>();
      if (payloads?.calls !== CALLS) throw new Error(`of ${CALLS} calls the ledger has ${payloads?.calls}`);
      const all = ((await size()) - before) / CALLS;
      await stop();
      return { all, payloads: payloads.bytes / CALLS };
    };
    rows.push({ platform, sent, plain: await measure(plain), searching: await measure(searching) });
  }
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);
  report.table(
    ["platform", "KB sent a call", "KB in D1", "with words", "payloads"],
    rows.map(({ platform, sent, plain, searching }) => [
      platform,
      ...[sent, plain.all, searching.all, searching.payloads].map(kilobytes),
    ]),
  );
  for (const { platform, searching } of rows) {
    const what = `${platform}: at most ${kilobytes(MAX_BYTES)} KB of D1 a call, words included: ${kilobytes(searching.all)}`;
    report.target(what, searching.all <= MAX_BYTES);
  }
}

/** Bytes of D1 a call. */
interface Size {
  all: number;
  payloads: number;
}
