import * as z from "zod";

/** The kinds of alert. */
export const alertName = z.enum([
  "parked",
  "quarantined",
  "deliveries-failed",
  "deliveries-overdue",
  "database-size",
  "silence",
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
}

/** R2 lists as many objects at once: with so many there may be more. */
const MAX_HELD = 1000;

const held = (count: number) => (count < MAX_HELD ? `${count}` : "1,000+");

/** When each alert opens and closes. An alert that closes for five minutes and more opens anew; shorter turns are one alert. */
export const thresholds: Record<AlertName, Threshold> = {
  // A store that fails for some minutes heals by itself: the cron takes in 25 bodies and more a minute.
  parked: {
    opensAfterMinutes: 10,
    closesAfterMinutes: 5,
    title: "Bodies are parked",
    opened: (count) =>
      `Bodies are parked (${held(count)}): a store failed. They come back by themselves once it answers.`,
    closed: "No body is parked any more.",
  },
  // Nothing heals by itself. Five minutes gather what one cause brings into one message.
  quarantined: {
    opensAfterMinutes: 5,
    closesAfterMinutes: 5,
    title: "Bodies are in quarantine",
    opened: (count) => `Bodies are in quarantine (${held(count)}): they did not fit, and a person has to look.`,
    closed: "The quarantine is empty.",
  },
  // Had their retries, or were refused: nothing heals by itself either.
  "deliveries-failed": {
    opensAfterMinutes: 5,
    closesAfterMinutes: 5,
    title: "Deliveries failed",
    opened: (count) => `Deliveries failed (${count}): the destination refused them, or did not answer for hours.`,
    closed: "No delivery is failed any more.",
  },
  // The relay sends 500 again each minute: what is overdue for a quarter of an hour, no queue takes.
  "deliveries-overdue": {
    opensAfterMinutes: 15,
    closesAfterMinutes: 5,
    title: "Deliveries are overdue",
    opened: (count) => `Deliveries are overdue (${count}): the queue does not carry their messages.`,
    closed: "No delivery is overdue any more.",
  },
  // 8 of the 10 GB, of which a busy ledger fills two in weeks: minutes matter little.
  "database-size": {
    opensAfterMinutes: 5,
    closesAfterMinutes: 60,
    title: "The database nears its limit",
    opened: (bytes) => `The database has ${(bytes / 1e9).toFixed(1)} of the 10 GB that D1 takes.`,
    closed: "The database has room again.",
  },
  // The minutes are the setting's.
  silence: {
    opensAfterMinutes: 1,
    closesAfterMinutes: 1,
    title: "No event comes in",
    opened: (minutes) => `No event came in for ${minutes} minutes; the same hours of the week before had some.`,
    closed: "Events come in again.",
  },
};
