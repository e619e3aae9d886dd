import { type Dice, throwDice } from "./dice.ts";
import { type Faults, storeNames } from "./faults.ts";
import type { Around } from "./wrapped-stores.ts";

type Store = Parameters<Around>[0];

/** How one call ends. */
type Fate = "works" | "before" | "after" | "full" | "hang" | "overloaded";

/** D1's operations by which this Worker writes. */
const writes: ReadonlySet<string> = new Set(["run", "batch"]);

const POLL_MILLISECONDS = 20;

/**
 * Makes stores fail, in Cloudflare's own words.
 * @param isOver whether these faults have been replaced by others: calls that hang end then, with an error
 * @param onFault called whenever a call fails or begins to hang
 */
export function faultyStores(faults: Faults, isOver: () => boolean, onFault = () => {}): Around {
  const deciders = new Map(storeNames.map((store) => [store, decider(faults[store])]));
  return async (store, operation, perform, parameters = []) => {
    const fate = deciders.get(store)?.(operation, parameters) ?? "works";
    if (fate !== "works") onFault();
    switch (fate) {
      case "before":
        throw errorOf(store, operation);
      case "after":
        await perform();
        throw errorOf(store, operation);
      case "full":
        if (!writes.has(operation)) return perform();
        throw new Error("D1_ERROR: Exceeded maximum DB size");
      case "overloaded":
        throw new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
      case "hang":
        // Not a promise that never settles: the runtime ends a request that nothing can resume.
        while (!isOver()) await scheduler.wait(POLL_MILLISECONDS);
        throw errorOf(store, operation);
      case "works":
        return perform();
    }
  };
}

function decider(fault: Faults["D1"]): (operation: string, parameters: readonly unknown[]) => Fate {
  if (fault === undefined) return () => "works";
  let calls = 0;
  if (typeof fault === "object" && "works" in fault) {
    const later = decider(fault.afterwards);
    const { works, of: counted = "", about = "" } = fault;
    return (operation, parameters) => {
      const isCounted = counted === "" || counted === operation;
      const isAbout = about === "" || parameters.some((one) => typeof one === "string" && one.includes(about));
      if (!isCounted || !isAbout) return "works";
      return calls++ < works ? "works" : later(operation, parameters);
    };
  }
  if (typeof fault === "object") {
    const dice = throwDice(fault.seed);
    return () => randomFate(dice, fault.rate);
  }
  switch (fault) {
    case "every-second":
      return () => (calls++ % 2 === 0 ? "before" : "works");
    case "first-after":
      return () => (calls++ === 0 ? "after" : "works");
    default:
      return () => fault;
  }
}

function randomFate(dice: Dice, rate: number): Fate {
  if (!dice.chance(rate)) return "works";
  return dice.chance(0.5) ? "before" : "after";
}

function errorOf(store: Store, operation: string): Error {
  const messages: Record<Store, string> = {
    D1: "D1_ERROR: Network connection lost.",
    R2: `${operation}: We encountered an internal error. Please try again. (10001)`,
    queue: "Queue send failed: Internal Server Error",
  };
  return new Error(messages[store]);
}
