import { describe, expect, test } from "vitest";
import type * as z from "zod";
import { type Conditions, decide } from "../src/alerts/decide.ts";
import type { AlertRow } from "../src/alerts/state.ts";
import { alertName, thresholds } from "../src/alerts/thresholds.ts";

describe("what a channel is told", () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 6, 15, 12, minute));

  /** Plays a minute a letter: `x` it holds, `.` it does not, `?` nobody knows; a capital or `!`, `,`: the channel takes nothing then. */
  const play = (minutes: string, alert: z.infer<typeof alertName> = "parked") => {
    let rows: AlertRow[] = [];
    const heard: string[] = [];
    for (const [minute, letter] of [...minutes].entries()) {
      const conditions: Conditions = letter === "?" ? {} : { [alert]: { holds: /x/i.test(letter), count: minute + 1 } };
      for (const { row, change, message } of decide("slack", conditions, rows, at(minute))) {
        // A row that is not saved is as it was.
        if (change !== "none") rows = change === "remove" ? [] : [row];
        if (message === undefined || /[X,]/.test(letter)) continue;
        heard.push(`${minute} ${message.type} since ${message.since.slice(14, 16)}`);
        if (message.type === "alert.closed") rows = [];
        else rows = rows.map((one) => ({ ...one, told_at: at(minute).toISOString() }));
      }
    }
    return { heard, left: rows.length };
  };
  const x = (count: number) => "x".repeat(count);
  const dots = (count: number) => ".".repeat(count);

  test.each<[string, string, string[], number]>([
    ["nothing of a quiet ledger", dots(30), [], 0],
    ["nothing of a blip that heals by itself", `${x(9)}${dots(9)}${x(9)}...`, [], 0],
    [
      "once when it lasts, and once when it is over",
      `..${x(40)}${dots(10)}`,
      ["12 alert.opened since 02", "47 alert.closed since 02"],
      0,
    ],
    ["nothing more while it goes on", x(60), ["10 alert.opened since 00"], 1],
    ["nothing of a pause within it", `${x(12)}....${x(12)}`, ["10 alert.opened since 00"], 1],
    ["nothing that nobody knows", `${x(12)}${"?".repeat(30)}`, ["10 alert.opened since 00"], 1],
    ["what it did not take, once it does", `${x(10)}XXXXX${x(5)}`, ["15 alert.opened since 00"], 1],
    [
      "of one that is over by then, both in their order",
      `${x(10)}XXXXX,,,,,,..`,
      ["21 alert.opened since 00", "22 alert.closed since 00"],
      0,
    ],
    [
      "the end that it did not take, once it does",
      `${x(12)}....,,,,,,.`,
      ["10 alert.opened since 00", "22 alert.closed since 00"],
      0,
    ],
    [
      "of another time anew",
      `${x(12)}${dots(6)}${x(12)}`,
      ["10 alert.opened since 00", "17 alert.closed since 00", "28 alert.opened since 18"],
      1,
    ],
  ])("%s", (_, minutes, heard, left) => {
    expect(play(minutes)).toEqual({ heard, left });
  });

  test("each alert opens after its own time, at least a minute after it was written down", () => {
    for (const alert of alertName.options) {
      const { opensAfterMinutes, closesAfterMinutes } = thresholds[alert];
      expect(Math.min(opensAfterMinutes, closesAfterMinutes), alert).toBeGreaterThanOrEqual(1);
      const { heard } = play(`${x(opensAfterMinutes + 1)}${dots(closesAfterMinutes + 1)}`, alert);
      expect(heard, alert).toEqual([
        `${opensAfterMinutes} alert.opened since 00`,
        expect.stringMatching(/^\d+ alert.closed since 00$/),
      ]);
    }
  });
});
