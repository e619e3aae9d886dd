import { describe, expect, test } from "vitest";
import { recordingLink } from "../../src/dashboard/pages/call/facts.tsx";
import { spokenAt, startOfSpeech } from "../../src/dashboard/pages/call/transcript.ts";
import { callsPath, readOverviewQuery } from "../../src/dashboard/pages/overview/query.ts";
import { daySteps, hourSteps } from "../../src/dashboard/pages/overview/steps.ts";
import { formFrom, formTo } from "../../src/dashboard/ui/form-dates.ts";
import {
  counted,
  formatCount,
  formatDollars,
  formatMilliseconds,
  formatNumber,
  formatShare,
  formatSize,
} from "../../src/dashboard/ui/numbers.ts";
import { startOf } from "../../src/dashboard/ui/parts.tsx";
import { callPath, withQuery } from "../../src/dashboard/ui/paths.ts";
import { addDays, dayOf, daysBetween, formatClock, formatDuration, momentAt } from "../../src/dashboard/ui/times.ts";

test.each([
  [0, "0s"],
  [59.4, "59s"],
  [59.6, "1m 0s"],
  [245, "4m 5s"],
  [3599.6, "1h 0m"],
  [3720, "1h 2m"],
  [1e308, "2,501,999,792,983h 36m"],
])("%d seconds last %s", (seconds, expected) => expect(formatDuration(seconds)).toBe(expected));

test.each([
  [0, "00:00"],
  [65.9, "01:05"],
  [3599, "59:59"],
  [3725, "1:02:05"],
])("%d seconds into a call it is %s", (seconds, expected) => expect(formatClock(seconds)).toBe(expected));

test.each([
  [4, "4"],
  [4.236, "4.24"],
  [1234567.891, "1,234,567.89"],
  [-0.5, "-0.5"],
  [0.00321, "0.0032"],
  [0, "0"],
])("the metric %d reads %s", (value, expected) => expect(formatNumber(value)).toBe(expected));

test.each([
  [0, "$0.00"],
  [0.0123, "$0.0123"],
  [0.07, "$0.0700"],
  [0.0000123, "$0.000012"],
  [1, "$1.00"],
  [12.341, "$12.34"],
  [1234567.891, "$1,234,567.89"],
  [0.99999, "$1.0000"],
])("%d dollars read %s", (value, expected) => expect(formatDollars(value)).toBe(expected));

test.each([
  [0, "0 ms"],
  [0.432, "0.43 ms"],
  [812.4, "812 ms"],
  [999.6, "1.00 s"],
  [1250, "1.25 s"],
  [86_400_000, "86,400 s"],
])("%d milliseconds read %s", (ms, expected) => {
  expect(formatMilliseconds(ms)).toBe(expected.replace(" ", "\u00a0"));
});

test.each([
  [1, 2, "50 %"],
  [0, 5, "0 %"],
  [5, 5, "100 %"],
  [1, 1000, "< 1 %"],
  [999, 1000, "> 99 %"],
  [0, 0, "–"],
])("%d of %d is %s", (part, whole, expected) => expect(formatShare(part, whole)).toBe(expected));

test("counts agree with their nouns", () => {
  expect([0, 1, 1234].map((count) => counted(count, "call"))).toEqual(["0 calls", "1 call", "1,234 calls"]);
  expect(counted(2, "delivery", "deliveries")).toBe("2 deliveries");
  expect(formatCount(1000)).toBe("1,000");
});

test("a text that is cut says so, and no character is cut through", () => {
  expect(startOf("short", 5)).toBe("short");
  expect(startOf("longer", 5)).toBe("longe…");
  expect(startOf("ab😀", 3)).toBe("ab\ufffd…");
});

describe("days", () => {
  test.each([
    ["2026-11-24", "UTC", "2026-11-24T00:00:00.000Z"],
    ["2026-07-15", "America/New_York", "2026-07-15T04:00:00.000Z"],
    ["2026-07-15", "Asia/Kolkata", "2026-07-14T18:30:00.000Z"],
    // The days on which clocks change begin with the offset of the night before.
    ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
    ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
    ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
    // Where clocks change at midnight, a day begins at one o'clock.
    ["2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"],
  ])("%s begins in %s at %s", (day, timeZone, expected) => {
    expect(momentAt(day, timeZone)).toBe(expected);
    expect(dayOf(new Date(expected), timeZone)).toBe(day);
    expect(dayOf(new Date(Date.parse(expected) - 1), timeZone)).toBe(addDays(day, -1));
  });

  test.each([
    ["2026-11-24T14:30", "Asia/Kolkata", "2026-11-24T09:00:00.000Z"],
    ["2026-03-29T03:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
    ["2026-10-25T03:30", "Europe/Berlin", "2026-10-25T02:30:00.000Z"],
  ])("have times: %s in %s is %s", (local, timeZone, expected) => expect(momentAt(local, timeZone)).toBe(expected));

  test("are counted over the ends of months and years", () => {
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(addDays("2024-03-01", -1)).toBe("2024-02-29");
    expect(daysBetween("2024-02-28", "2024-03-01")).toBe(2);
  });
});

describe("a form's dates", () => {
  test.each([
    ["2026-07-15", "2026-07-15T04:00:00.000Z", "2026-07-16T04:00:00.000Z"],
    ["2026-07-15T14:30", "2026-07-15T18:30:00.000Z", "2026-07-15T18:30:00.000Z"],
    ["2026-07-15T14:30:00Z", "2026-07-15T14:30:00.000Z", "2026-07-15T14:30:00.000Z"],
  ])("%s is meant in New York", (typed, from, to) => {
    expect(formFrom("America/New_York").parse(typed)).toBe(from);
    expect(formTo("America/New_York").parse(typed)).toBe(to);
  });

  test.each(["yesterday", "2026-02-30", "0001-01-01", "9999-12-31", "2026-07-15T25:00", "9999-12-31T10:00"])(
    "%s is refused",
    (typed) => expect(formTo("UTC").safeParse(typed).success).toBe(false),
  );
});

describe("ranges", () => {
  const viewer = { timeZone: "Asia/Kolkata", csrfToken: "", canSignOut: true, now: new Date("2026-11-24T20:10:00Z") };
  const read = (query: string) => readOverviewQuery(new URL(`https://ledger.example.com/?${query}`), viewer);

  // In Kolkata it is 01:40 of the 25th.
  test.each([
    ["", "2026-11-18T18:30:00.000Z", "2026-11-25T18:30:00.000Z", false],
    ["range=24h", "2026-11-23T20:30:00.000Z", "2026-11-24T20:30:00.000Z", true],
    ["range=30d", "2026-10-26T18:30:00.000Z", "2026-11-25T18:30:00.000Z", false],
    ["range=own&from=2026-11-01&to=2026-11-02", "2026-10-31T18:30:00.000Z", "2026-11-02T18:30:00.000Z", true],
  ])("%j", (query, since, until, byHour) => {
    const { range, errors } = read(query);
    expect(errors).toEqual([]);
    expect(range).toMatchObject({ since, until, byHour });
  });

  test("the last 24 hours end with the hour that is running, also where clocks show it twice", () => {
    const until = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map((now) => {
      const berliner = { ...viewer, timeZone: "Europe/Berlin", now: new Date(now) };
      return readOverviewQuery(new URL("https://ledger.example.com/?range=24h"), berliner).range.until;
    });
    expect(until).toEqual(["2026-10-25T01:00:00.000Z", "2026-10-25T02:00:00.000Z"]);
  });

  test.each([
    ["2026-03-29", 23, "Sun 29 Mar, 01:00 Sun 29 Mar, 03:00"],
    ["2026-10-25", 24, "Sun 25 Oct, 01:00 Sun 25 Oct, 02:00 Sun 25 Oct, 03:00"],
  ])("%s in Berlin has %i hours by their names", (day, count, names) => {
    const url = new URL(`https://ledger.example.com/?range=own&from=${day}&to=${day}`);
    const { labels } = hourSteps(readOverviewQuery(url, { ...viewer, timeZone: "Europe/Berlin" }).range);
    expect(labels).toHaveLength(count);
    expect(labels.map(({ long }) => long).join(" ")).toContain(names);
  });

  test.each([
    ["2026-10-25T14:20:00Z", "2026-10-24T17:00"],
    ["2026-11-24T14:20:00Z", "2026-11-23T16:00"],
    // Clocks showed 2:00 twice that day.
    ["2026-10-25T23:20:00Z", "2026-10-25T00:00:00.000Z"],
    ["2026-10-26T00:20:00Z", "2026-10-25T02:00"],
  ])("the last 24 hours, at %s, lead to the calls from %s on", (now, from) => {
    const berliner = { ...viewer, timeZone: "Europe/Berlin", now: new Date(now) };
    const { range } = readOverviewQuery(new URL("https://ledger.example.com/?range=24h"), berliner);
    const given = new URL(callsPath(range, {}), "https://ledger.example.com").searchParams.get("from");
    expect(given).toBe(from);
    expect(formFrom("Europe/Berlin").parse(given)).toBe(range.since);
  });

  test.each([
    ["range=forever", "“range”"],
    ["range=own&from=2026-13-01", "“from”"],
    ["range=own&from=2026-11-03&to=2026-11-01", "ends before it begins"],
    ["range=own&from=2020-01-01&to=2026-11-01", "366 days"],
  ])("%s has a mistake that is named, and the last 7 days are shown", (query, mistake) => {
    const { range, errors } = read(query);
    expect(errors.join()).toContain(mistake);
    expect(range.choice).toBe("7d");
  });

  test("are gone through in hours, in days, and in weeks when they are long", () => {
    const hours = hourSteps(read("range=24h").range);
    expect(hours.labels).toHaveLength(24);
    expect(hours.labels.at(0)?.long).toBe("Tue 24 Nov, 02:00");
    expect(hours.indexOf("2026-11-25T01")).toBe(23);

    const days = daySteps({ firstDay: "2026-10-01", lastDay: "2026-10-31" });
    expect(days).toMatchObject({ unit: "day" });
    expect(days.labels).toHaveLength(31);
    expect(["2026-10-01", "2026-10-31"].map(days.indexOf)).toEqual([0, 30]);

    const weeks = daySteps({ firstDay: "2026-01-01", lastDay: "2026-12-31" });
    expect(weeks).toMatchObject({ unit: "week" });
    expect(weeks.labels).toHaveLength(53);
    expect(["2026-01-07", "2026-01-08", "2026-12-31"].map(weeks.indexOf)).toEqual([0, 1, 52]);
  });
});

describe("when a turn was spoken", () => {
  const start = "2026-11-24T14:00:00.000Z";
  test.each([
    ["2026-11-24T14:01:05.500Z", "01:05"],
    ["2026-11-24T16:01:05+02:00", "01:05"],
    ["2026-11-24T13:59:59Z", "14:59:59"],
    ["2026-11-26T14:00:00Z", "15:00:00"],
    ["...", "..."],
    ["half past nine", "half past nine"],
  ])("%s reads %s", (timestamp, text) => expect(spokenAt(timestamp, start, "Europe/Berlin").text).toBe(text));

  test("is counted from the first turn when no event brings the start of the call", () => {
    const turns = ["...", "2026-11-24T14:00:10Z"].map((timestamp) => ({ role: null, content: "", timestamp }));
    expect(startOfSpeech(null, turns)).toBe("2026-11-24T14:00:10.000Z");
    expect(startOfSpeech(start, turns)).toBe(start);
    expect(startOfSpeech(null, [])).toBeUndefined();
  });
});

test.each([
  ["https://recordings.example.com/a.wav?x=1", "https://recordings.example.com/a.wav?x=1"],
  ["http://recordings.example.com/", "http://recordings.example.com/"],
  ["javascript:alert(1)", undefined],
  [" javascript:alert(1)", undefined],
  ["data:text/html,x", undefined],
  ["/calls", undefined],
  ["", undefined],
])("the recording %j leads to %s", (text, href) => expect(recordingLink(text)?.href).toBe(href));

test.each([
  ["call_1", "/calls/call_1"],
  ["a/b?c#d %", "/calls/a%2Fb%3Fc%23d%20%25"],
  ["..", "/calls/by-id?call_id=.."],
])("the call %s is at %s", (id, path) => expect(callPath(id)).toBe(path));

test("an address carries the parameters that are there, and keeps those that it has", () => {
  expect(withQuery("/calls", { q: undefined })).toBe("/calls");
  expect(withQuery("/calls?q=a", { from: "2026-11-24", to: undefined })).toBe("/calls?q=a&from=2026-11-24");
});

test("sizes are short, on one line", () => {
  expect([0, 999, 1234, 4_000_000].map(formatSize)).toEqual(["0\u00a0B", "999\u00a0B", "1.2\u00a0KB", "4\u00a0MB"]);
});
