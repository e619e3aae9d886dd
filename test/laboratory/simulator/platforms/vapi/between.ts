import type { Dice } from "../../../../support/stores/dice.ts";
import type { Call } from "../../calls.ts";
import type { Body, CallBody } from "../platform.ts";
import { messagesOf } from "./messages.ts";

/** Turns in which one message is sent of everything that goes on: real assistants send several a second. */
const TURNS_A_MESSAGE = 4;
const MOST_MESSAGES = 4;

/** What Vapi sends while people speak, unless an assistant's `serverMessages` say otherwise: nothing of it is for a ledger. */
export function between({ agent, turns = [] }: Call, answeredAt: number, about: Body, dice: Dice): CallBody[] {
  const heard = turns.filter((_, index) => index % TURNS_A_MESSAGE === 0).slice(0, MOST_MESSAGES);
  return heard.map(({ role, atSecond }, index) => {
    const at = answeredAt + Math.round(atSecond * 1000);
    const soFar = turns.slice(0, index * TURNS_A_MESSAGE + 1);
    const speaker = role === "agent" ? "assistant" : role;
    const messages: Body[] = [
      { type: "speech-update", status: dice.pick(["started", "stopped"]), role: speaker },
      { type: "conversation-update", messages: messagesOf(agent, soFar, answeredAt) },
      { type: "user-interrupted" },
    ];
    const message = index === 0 ? { type: "assistant.started" } : dice.pick(messages);
    return { at, events: [], body: { message: { timestamp: at, ...message, ...about } } };
  });
}
