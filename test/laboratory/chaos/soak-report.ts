import { platformNames } from "../simulator/platforms/platform.ts";
import { printFindings } from "../simulator/report.ts";
import type { SoakResult } from "./soak.ts";
import { identitiesIn, isAcknowledged, type SoakBody } from "./soak-plan.ts";

const MEBIBYTE = 1024 * 1024;
/** Requests that are under way when a sample is taken hold something too; what leaks in a soak grows by more. */
const FLAT = 1.25;

/** Names the faults of a soak, a sentence each; none when nothing was lost or doubled and the memory stayed flat. */
export function faultsOf({ findings, memory }: SoakResult): string[] {
  const faults: string[] = [];
  if (Object.values(findings).some((count) => count !== 0)) faults.push("Something was lost or doubled.");
  if (memory !== undefined) {
    const { earlier, later } = memory;
    if (Number.isNaN(earlier + later)) faults.push("The memory of the Worker could not be measured.");
    else if (later > earlier * FLAT) faults.push("The memory of the Worker grew.");
  }
  return faults;
}

export function printSoak({ bodies, requests, findings, memory, ...times }: SoakResult): void {
  const answers = new Map<string, number>();
  for (const answer of bodies.flatMap((body) => body.answers)) answers.set(answer, (answers.get(answer) ?? 0) + 1);
  const acknowledged = bodies.filter(isAcknowledged);
  const parked = identitiesIn(acknowledged.filter((body) => body.answers.includes("200 parked"))).length;

  console.log(`\n${requests} requests in ${times.sending.toFixed(0)} s, the runtime killed and restarted on the way.`);
  for (const [answer, count] of Array.from(answers).sort()) console.log(`  answered ${answer}: ${count}`);
  console.log(`  events sent: ${identitiesIn(bodies).length}`);
  console.log(`  acknowledged: ${identitiesIn(acknowledged).length}`);
  console.log(`  acknowledged of sent, by platform: ${byPlatform(bodies)}`);
  console.log(`  parked: ${parked}`);
  console.log(`  recovered: ${parked - findings.lostEvents}`);
  console.log(`  of them found in quarantine as faulty, and replayed: ${times.replayed} bodies`);
  console.log(`  slowest answer: ${times.slowestAnswer.toFixed(2)} s`);
  console.log(
    `  slowest recovery, once the stores were well: ${times.recovery.toFixed(1)} s, ${times.cronRuns} runs of the cron`,
  );
  const mebibytes = (bytes: number) => (bytes / MEBIBYTE).toFixed(1);
  console.log(
    memory === undefined
      ? "  memory of the Worker since the restart: too few measurements to tell, send more events"
      : `  memory of the Worker since the restart: median ${mebibytes(memory.earlier)} MiB in the first half, ` +
          `${mebibytes(memory.later)} MiB in the second`,
  );
  printFindings([
    { what: "lost: acknowledged events", expected: 0, seen: findings.lostEvents },
    { what: "lost: bodies of acknowledged call.end, byte for byte", expected: 0, seen: findings.lostBodies },
    { what: "lost: acknowledged analytics that never came downstream", expected: 0, seen: findings.undelivered },
    { what: "duplicated: rows of events", expected: 0, seen: findings.duplicatedRows },
    { what: "duplicated: deliveries", expected: 0, seen: findings.duplicatedDeliveries },
    { what: "in the archive: objects that no event explains", expected: 0, seen: findings.strayObjects },
    { what: "in the archive: transcripts that D1 does not name", expected: 0, seen: findings.wrongTranscripts },
  ]);
}

/** `atoms 400 of 402, retell 200 of 200`, in events. */
function byPlatform(bodies: readonly SoakBody[]): string {
  const counts = platformNames.map((name) => {
    const own = bodies.filter(({ platform }) => platform === name);
    return `${name} ${identitiesIn(own.filter(isAcknowledged)).length} of ${identitiesIn(own).length}`;
  });
  return counts.join(", ");
}
