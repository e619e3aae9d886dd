import type { Dice } from "../../support/stores/dice.ts";
import type { Turn } from "./dialogue.ts";
import type { Topic } from "./languages.ts";
import type { Body } from "./platforms/platform.ts";

/** A tool that an agent called between two turns. */
export interface UsedTool {
  id: string;
  name: string;
  arguments: Body;
  result: Body;
  failed: boolean;
  /** The number of the turn that it follows. */
  afterTurn: number;
  /** Seconds into the conversation. */
  atSecond: number;
  durationMs: number;
}

const names: Record<Topic["issue"], readonly string[]> = {
  billing: ["find_invoice", "start_refund"],
  delivery: ["track_parcel", "change_address"],
  appointment: ["find_slot", "book_slot"],
  renewal: ["find_contract", "send_offer"],
  technical: ["read_diagnosis", "create_ticket"],
};

/** How many tools a call uses, in proportion. */
const counts = { 0: 3, 1: 4, 2: 3, 3: 1 };

const FAILED = 0.12;
const LONGEST_MILLISECONDS = 2500;

/** The tools that an agent calls in a conversation. */
export function useTools(dice: Dice, turns: readonly Turn[], { issue }: Topic): UsedTool[] {
  return Array.from({ length: Number(dice.weighted(counts)) }, (_, index) => {
    const afterTurn = Math.min(2 + index * 2, turns.length - 1);
    const failed = dice.chance(FAILED);
    return {
      id: `tool_${dice.hex(8)}`,
      name: dice.pick(names[issue]),
      arguments: { reference: `REF-${dice.integer(1000, 9999)}` },
      result: failed ? { error: "The system behind it did not answer." } : { status: "done", entries: index + 1 },
      failed,
      afterTurn,
      atSecond: (turns[afterTurn]?.atSecond ?? 0) + 0.5,
      durationMs: dice.integer(60, LONGEST_MILLISECONDS),
    };
  });
}

/** A conversation in a platform's words, each tool behind the turn that it follows. */
export function withTools(
  turns: readonly Turn[],
  tools: readonly UsedTool[],
  spoken: (turn: Turn) => Body,
  used: (tool: UsedTool) => Body[],
): Body[] {
  return turns.flatMap((turn, index) => [
    spoken(turn),
    ...tools.filter(({ afterTurn }) => afterTurn === index).flatMap(used),
  ]);
}

/** How many tools a body tells of, and how many of these it says to have failed. */
export interface ToolCount {
  calls: number;
  errors: number;
}

export function countTools(tools: readonly UsedTool[]): ToolCount {
  return { calls: tools.length, errors: tools.filter(({ failed }) => failed).length };
}
