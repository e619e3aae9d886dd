import type { Dice } from "../../support/stores/dice.ts";
import type { LanguageCode } from "./languages.ts";
import type { PlatformName } from "./platforms/platform.ts";

/** An agent of a platform: who answers, and what its calls are like. */
export interface Agent {
  id: string;
  /** Its name, where bodies have one. */
  description: string;
  platform: PlatformName;
  /** The vocabulary in which webhooks of Atoms are worded; the other platforms have one each. */
  vocabulary?: "documented" | "envelope";
  /** `web`: in a browser, where nobody has a number. */
  direction: "inbound" | "outbound" | "web";
  /** E.164, from a fictional range; of a web agent nobody sees it. */
  phone: string;
  /** How often a call is in which language. */
  languages: Partial<Record<LanguageCode, number>>;
  /** Share of its calls that somebody answers. */
  answered: number;
  /** How many of a day's calls it has, in proportion. */
  weight: number;
  /** Minutes its time zone is ahead of UTC, in summer where it has one. */
  utcOffsetMinutes: number;
  /** IANA. */
  timezone: string;
}

const supportLine: Agent = {
  id: "66b1f0c2a9d4e8",
  description: "Support line",
  platform: "atoms",
  vocabulary: "envelope",
  direction: "inbound",
  phone: "+15559870001",
  languages: { en: 6, hi: 3, ar: 2 },
  answered: 0.94,
  weight: 5,
  utcOffsetMinutes: 60,
  timezone: "Europe/London",
};

const renewals: Agent = {
  id: "66c40a77be21d3",
  description: "Renewals",
  platform: "atoms",
  vocabulary: "envelope",
  direction: "outbound",
  phone: "+15559870002",
  languages: { ja: 5, en: 4, es: 2 },
  answered: 0.72,
  weight: 3,
  utcOffsetMinutes: 540,
  timezone: "Asia/Tokyo",
};

const frontDesk: Agent = {
  id: "agent_front_desk",
  description: "Front desk",
  platform: "atoms",
  vocabulary: "documented",
  direction: "inbound",
  phone: "+15559870003",
  languages: { en: 5, es: 4, ar: 1 },
  answered: 0.95,
  weight: 4,
  utcOffsetMinutes: 0,
  timezone: "UTC",
};

const appointments: Agent = {
  id: "agent_appointments",
  description: "Appointments",
  platform: "atoms",
  vocabulary: "documented",
  direction: "inbound",
  phone: "+15559870004",
  languages: { de: 8, en: 2 },
  answered: 0.92,
  weight: 3,
  utcOffsetMinutes: 120,
  timezone: "Europe/Berlin",
};

const reminders: Agent = {
  id: "agent_reminders",
  description: "Reminders",
  platform: "atoms",
  vocabulary: "documented",
  direction: "outbound",
  phone: "+15559870005",
  languages: { de: 3, en: 3, hi: 2 },
  answered: 0.7,
  weight: 2,
  utcOffsetMinutes: 330,
  timezone: "Asia/Kolkata",
};

const clinic: Agent = {
  id: "agent_7f30b1c2d4a95e6608b1c3d2e4",
  description: "Clinic",
  platform: "retell",
  direction: "inbound",
  phone: "+15559870006",
  languages: { en: 6, es: 3 },
  answered: 1,
  weight: 4,
  utcOffsetMinutes: 120,
  timezone: "Europe/Madrid",
};

const feedback: Agent = {
  id: "agent_2b81d4e6f0a37c95d1428e6b03",
  description: "Feedback",
  platform: "retell",
  direction: "outbound",
  phone: "+15559870007",
  languages: { en: 4, hi: 2 },
  answered: 0.75,
  weight: 2,
  utcOffsetMinutes: 0,
  timezone: "UTC",
};

const website: Agent = {
  id: "agent_c9055a7be1f84d2363fe09a71d",
  description: "Website",
  platform: "retell",
  direction: "web",
  phone: "+15559870008",
  languages: { en: 4, de: 2 },
  answered: 1,
  weight: 2,
  utcOffsetMinutes: 0,
  timezone: "UTC",
};

const dispatch: Agent = {
  id: "b1e0c7aa-5d04-4c1e-9a70-3f6a2d8e4b11",
  description: "Dispatch",
  platform: "vapi",
  direction: "inbound",
  phone: "+15559870009",
  languages: { en: 5, ja: 2 },
  answered: 1,
  weight: 4,
  utcOffsetMinutes: 540,
  timezone: "Asia/Tokyo",
};

const leads: Agent = {
  id: "e4f7a902-81c6-4b3d-8e25-90d1b7c3f6a8",
  description: "Leads",
  platform: "vapi",
  direction: "outbound",
  phone: "+15559870010",
  languages: { en: 3, de: 3, es: 1 },
  answered: 0.7,
  weight: 3,
  utcOffsetMinutes: 60,
  timezone: "Europe/London",
};

const bookings: Agent = {
  id: "agent_01jx7f30b1c2d4e5f6g7h8j9k0",
  description: "Bookings",
  platform: "elevenlabs",
  direction: "inbound",
  phone: "+15559870011",
  languages: { en: 4, de: 3, ar: 1 },
  answered: 1,
  weight: 4,
  utcOffsetMinutes: 120,
  timezone: "Europe/Berlin",
};

const surveys: Agent = {
  id: "agent_01jxa8c5d3e7f9g1h2j4k6m8n0",
  description: "Surveys",
  platform: "elevenlabs",
  direction: "outbound",
  phone: "+15559870012",
  languages: { es: 3, en: 3 },
  answered: 0.72,
  weight: 3,
  utcOffsetMinutes: 120,
  timezone: "Europe/Madrid",
};

const concierge: Agent = {
  id: "concierge",
  description: "Concierge",
  platform: "custom",
  direction: "inbound",
  phone: "+15559870013",
  languages: { en: 4, es: 2, ja: 1 },
  answered: 0.95,
  weight: 4,
  utcOffsetMinutes: 0,
  timezone: "UTC",
};

const callbacks: Agent = {
  id: "callbacks",
  description: "Callbacks",
  platform: "custom",
  direction: "outbound",
  phone: "+15559870014",
  languages: { en: 3, de: 2 },
  answered: 0.75,
  weight: 3,
  utcOffsetMinutes: 60,
  timezone: "Europe/London",
};

const agents: readonly Agent[] = [
  supportLine,
  renewals,
  frontDesk,
  appointments,
  reminders,
  clinic,
  feedback,
  website,
  dispatch,
  leads,
  bookings,
  surveys,
  concierge,
  callbacks,
];

/** One of the agents of these platforms, each as often as its weight says. */
export function pickAgent(dice: Dice, platforms: readonly PlatformName[]): Agent {
  const candidates = agents.filter(({ platform }) => platforms.includes(platform));
  const picked = dice.weighted(Object.fromEntries(candidates.map(({ id, weight }) => [id, weight])));
  for (const agent of candidates) if (agent.id === picked) return agent;
  throw new RangeError("no agent of these platforms");
}

/** The agents in browsers, whose calls have no number. */
export const webAgentIds: readonly string[] = agents.flatMap(({ id, direction }) => (direction === "web" ? [id] : []));
