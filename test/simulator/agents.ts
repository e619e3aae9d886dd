import type { LanguageCode } from "./languages.ts";

/** An agent of the platform: who answers, in which vocabulary its webhooks speak, and what its calls are like. */
export interface Agent {
  id: string;
  /** Its webhook's label, in the vocabulary that has one. */
  description: string;
  vocabulary: "documented" | "atoms";
  direction: "inbound" | "outbound";
  /** E.164, from a fictional range. */
  phone: string;
  /** How often a call is in which language. */
  languages: Partial<Record<LanguageCode, number>>;
  /** Share of its calls that somebody answers. */
  answered: number;
  /** Minutes its time zone is ahead of UTC, in summer where it has one. */
  utcOffsetMinutes: number;
  /** IANA. */
  timezone: string;
}

const supportLine: Agent = {
  id: "66b1f0c2a9d4e8",
  description: "Support line",
  vocabulary: "atoms",
  direction: "inbound",
  phone: "+15559870001",
  languages: { en: 6, hi: 3, ar: 2 },
  answered: 0.94,
  utcOffsetMinutes: 60,
  timezone: "Europe/London",
};

const renewals: Agent = {
  id: "66c40a77be21d3",
  description: "Renewals",
  vocabulary: "atoms",
  direction: "outbound",
  phone: "+15559870002",
  languages: { ja: 5, en: 4, es: 2 },
  answered: 0.72,
  utcOffsetMinutes: 540,
  timezone: "Asia/Tokyo",
};

const frontDesk: Agent = {
  id: "agent_front_desk",
  description: "Front desk",
  vocabulary: "documented",
  direction: "inbound",
  phone: "+15559870003",
  languages: { en: 5, es: 4, ar: 1 },
  answered: 0.95,
  utcOffsetMinutes: 0,
  timezone: "UTC",
};

const appointments: Agent = {
  id: "agent_appointments",
  description: "Appointments",
  vocabulary: "documented",
  direction: "inbound",
  phone: "+15559870004",
  languages: { de: 8, en: 2 },
  answered: 0.92,
  utcOffsetMinutes: 120,
  timezone: "Europe/Berlin",
};

const reminders: Agent = {
  id: "agent_reminders",
  description: "Reminders",
  vocabulary: "documented",
  direction: "outbound",
  phone: "+15559870005",
  languages: { de: 3, en: 3, hi: 2 },
  answered: 0.7,
  utcOffsetMinutes: 330,
  timezone: "Asia/Kolkata",
};

export const agents = {
  supportLine,
  renewals,
  frontDesk,
  appointments,
  reminders,
};

/** How the day's calls spread over the agents. */
export const agentWeights: Record<keyof typeof agents, number> = {
  supportLine: 5,
  renewals: 3,
  frontDesk: 4,
  appointments: 3,
  reminders: 2,
};
