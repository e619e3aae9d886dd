import * as z from "zod";

/** The kinds of alert. */
export const alertName = z.enum([
  "parked",
  "quarantined",
  "deliveries-failed",
  "deliveries-overdue",
  "database-size",
  "silence",
  "missed-calls",
]);
export type AlertName = z.infer<typeof alertName>;

interface Threshold {
  /** Minutes that the condition holds before its alert opens; one at least. */
  opensAfterMinutes: number;
  /** Minutes that the condition holds no longer before its alert closes; one at least. */
  closesAfterMinutes: number;
  /** For a page and a message, without a number. */
  title: string;
  /** For the message of an alert that opens. */
  opened(count: number): string;
  /** For the message of an alert that closes. */
  closed: string;
  /** The count of a message that is a test. */
  example: number;
}

/** Counts stop here: with so many there may be more. */
const MAX_COUNT = 1000;

const counted = (count: number) => (count < MAX_COUNT ? `${count}` : "1,000+");

/** When each alert opens and closes, and why. A condition that pauses for less than `closesAfterMinutes` stays one alert. */
export const thresholds: Record<AlertName, Threshold> = {
  // A store that fails for some minutes heals by itself: the cron takes in 25 bodies and more a minute.
  parked: {
    opensAfterMinutes: 10,
    closesAfterMinutes: 5,
    title: "Bodies are parked",
    opened: (count) =>
      `Bodies are parked (${counted(count)}): a store failed. They come back by themselves once it answers.`,
    closed: "No body is parked any more.",
    example: 3,
  },
  // Nothing heals by itself. In five minutes most of what one cause brings is there, and counts in the one message.
  quarantined: {
    opensAfterMinutes: 5,
    closesAfterMinutes: 5,
    title: "Bodies are in quarantine",
    opened: (count) => `Bodies are in quarantine (${counted(count)}): they did not fit, and a person has to look.`,
    closed: "The quarantine is empty.",
    example: 3,
  },
  // Refused, or out of retries: nothing heals by itself either.
  "deliveries-failed": {
    opensAfterMinutes: 5,
    closesAfterMinutes: 5,
    title: "Deliveries failed",
    opened: (count) =>
      `Deliveries failed (${counted(count)}): the destination refused them, or did not answer for hours.`,
    closed: "No delivery is failed any more.",
    example: 3,
  },
  // Sent again twice, six minutes after the event, and not attempted: a queue that only stalls is over it in the next ten.
  "deliveries-overdue": {
    opensAfterMinutes: 10,
    closesAfterMinutes: 5,
    title: "Deliveries are overdue",
    opened: (count) => `Deliveries are overdue (${counted(count)}): the queue does not carry their messages.`,
    closed: "No delivery is overdue any more.",
    example: 3,
  },
  // 8 of the 10 GB, and a busy ledger fills two in weeks: an hour matters little.
  "database-size": {
    opensAfterMinutes: 5,
    closesAfterMinutes: 60,
    title: "The database nears its limit",
    opened: (bytes) => `The database has ${(bytes / 1e9).toFixed(1)} of the 10 GB that D1 takes.`,
    closed: "The database has room again.",
    example: 8_100_000_000,
  },
  // The minutes before it are those of SILENCE_MINUTES.
  silence: {
    opensAfterMinutes: 1,
    closesAfterMinutes: 1,
    title: "No event comes in",
    opened: (minutes) => `No event came in for ${minutes} minutes; the same hours of the week before had some.`,
    closed: "Events come in again.",
    example: 90,
  },
  // What a run fetched counts for an hour, and runs that fail are given one. Four good runs in a row end it.
  "missed-calls": {
    opensAfterMinutes: 1,
    closesAfterMinutes: 1,
    title: "Calls are missed",
    opened: (count) =>
      count === 0
        ? "Missed calls cannot be fetched: the runs have failed for an hour, and /healthz says why."
        : `Calls were missed (${counted(count)}): their webhooks did not come, and they were fetched from the platform.`,
    closed: "No call was missed in the last hour.",
    example: 3,
  },
};
