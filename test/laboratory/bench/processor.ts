import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second, of Linux. */
const TICKS = 100;

/** The processor's time that the children of this process have taken; 0 where there is no /proc. */
export function childrenCpuSeconds(): number {
  let processes: string[];
  try {
    processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return 0;
  }
  const ticks = processes.map((id) => {
    try {
      // After the name, which may have spaces: state, parent, and from the twelfth on user and system time.
      const [, parent, ...fields] = readFileSync(`/proc/${id}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      return Number(parent) === process.pid ? Number(fields[9]) + Number(fields[10]) : 0;
    } catch {
      return 0;
    }
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS;
}
