/** The agents of the made-up calls, and how calls end. A thing that is named more than once is picked more often. */

const frontDesk = { id: "agent_front_desk", phone: "+15559870003", direction: "inbound" };
const support = { id: "agent_support", phone: "+15559870001", direction: "inbound" };
const billing = { id: "agent_billing", phone: "+15559870006", direction: "inbound" };
const orders = { id: "agent_orders", phone: "+15559870007", direction: "inbound" };
const nightLine = { id: "agent_night_line", phone: "+15559870008", direction: "inbound" };
const appointments = { id: "agent_appointments", phone: "+15559870004", direction: "outbound" };
const renewals = { id: "agent_renewals", phone: "+15559870002", direction: "outbound" };
const reminders = { id: "agent_reminders", phone: "+15559870005", direction: "outbound" };

export const agents = [
  ...[frontDesk, frontDesk, frontDesk, frontDesk, support, support, support, support, support, billing, billing],
  ...[orders, orders, nightLine, appointments, appointments, appointments, renewals, renewals, reminders],
];

/** Hours of the day, UTC: most people call before noon and in the afternoon, few at night. */
export const hours = [
  0, 2, 4, 5, 6, 7, 7, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10, 10, 11, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 14, 14, 15,
  15, 15, 15, 16, 16, 16, 17, 17, 17, 18, 18, 19, 20, 21, 22, 23,
];

/** Calls that somebody answered, then those that nobody did. */
export const answeredDispositions = [
  "successful",
  "successful",
  "successful",
  "successful",
  "successful",
  "transferred",
  "unsuccessful",
];
export const unansweredDispositions = ["no_answer", "no_answer", "no_answer", "busy", "failed"];

/** What agents call between turns. */
export const tools = [
  ...[
    "look_up_customer",
    "look_up_customer",
    "look_up_customer",
    "find_invoice",
    "find_invoice",
    "find_slot",
    "book_slot",
  ],
  ...["track_parcel", "send_confirmation"],
];

/** From 1 to 5, of callers whose issue was resolved, and of the others. */
export const satisfactionResolved = [2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5];
export const satisfactionOpen = [1, 1, 2, 2, 2, 3, 3, 3, 4, 5];

export const products = ["Widget Pro", "Widget Pro", "Widget Basic", "Widget Mini", "Care Plan", "Starter Kit"];
export const issues = ["billing", "billing", "delivery", "delivery", "appointment", "renewal", "technical"];
export const customers = ["Robin Example", "Noor Example", "Ines Example", "Kim Example", "Sasha Example"];
/** What callers begin with, and what the agent ends with. */
export const openings = [
  "Hello, I have a question.",
  "Hi, can you help me?",
  "Good morning, I got a letter from you.",
  "I was charged twice.",
  "My parcel did not arrive.",
];
export const answers = [
  "Thank you, I have corrected that for you.",
  "A colleague will call you back tomorrow.",
  "The refund takes five working days.",
  "I have moved your appointment to Friday.",
];

/** After these a destination gets no further attempt. */
export const permanentErrors = ["HTTP 400", "HTTP 404"];
/** After these it does. */
export const transientErrors = ["HTTP 503", "no answer within 10 s"];
