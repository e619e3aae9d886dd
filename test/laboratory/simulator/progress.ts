import ora from "ora";

/** Tells how far a command has come: a line that changes on a terminal, a few plain lines elsewhere. */
export interface Progress {
  /** A step begins, and the one before is done. */
  step(text: string): void;
  /** How far the step has come; `done` never goes back. */
  advance(done: number, total: number): void;
  /** The last step is done. */
  finish(): void;
  /** The step went wrong, or was broken off. */
  fail(): void;
}

/** One that does not know its width has 0 columns, and cannot have a line that changes. */
export const onTerminal = Boolean(
  process.stdout.isTTY && process.stderr.isTTY && process.stderr.columns > 0 && !process.env["CI"],
);

export function showProgress(): Progress {
  return onTerminal ? terminalProgress() : plainProgress();
}

const BAR_CHARACTERS = 30;

function terminalProgress(): Progress {
  // Its hold on standard input would keep Ctrl+C from being a signal.
  const spinner = ora({ discardStdin: false });
  let title = "";
  const succeed = () => {
    if (spinner.isSpinning) spinner.succeed(title);
  };
  return {
    step(text) {
      succeed();
      title = text;
      spinner.start(text);
    },
    advance(done, total) {
      const filled = Math.round(share(done, total) * BAR_CHARACTERS);
      const bar = "█".repeat(filled) + "░".repeat(BAR_CHARACTERS - filled);
      spinner.text = `${title} ${bar} ${done}/${total}`;
    },
    finish: succeed,
    fail() {
      if (spinner.isSpinning) spinner.fail(title);
    },
  };
}

const PLAIN_PARTS = 4;

function plainProgress(): Progress {
  let reported = 0;
  return {
    step(text) {
      reported = 0;
      console.log(`- ${text}`);
    },
    advance(done, total) {
      const part = Math.floor(share(done, total) * PLAIN_PARTS);
      if (part <= reported) return;
      reported = part;
      console.log(`  ${done} of ${total}`);
    },
    finish() {},
    fail() {},
  };
}

/** Nothing to do is done. */
function share(done: number, total: number): number {
  return total === 0 ? 1 : done / total;
}
