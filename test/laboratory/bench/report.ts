/** Prints what was measured, and remembers which targets were missed. */
export class Report {
  readonly missed: string[] = [];

  section(title: string, explanation: string): void {
    console.log(`\n${title}\n${explanation}\n`);
  }

  /** Numbers and their units to the right, the first column to the left. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = head.map((title, column) =>
      Math.max(...[head, ...rows].map((row) => (row[column] ?? title).length)),
    );
    for (const row of [head, ...rows]) {
      const cells = row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      );
      console.log(`  ${cells.join("   ")}`);
    }
    console.log();
  }

  /** A target, with what was measured against it. */
  target(what: string, met: boolean): void {
    console.log(`  ${met ? "met   " : "MISSED"}  ${what}`);
    if (!met) this.missed.push(what);
  }
}
