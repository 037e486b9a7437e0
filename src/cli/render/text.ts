// Lines of text: columns, lists, and long lines broken at spaces.

/** Room for a line without making it hard to read; a terminal that is narrower breaks it once more. */
const WIDTH = 118;

/** Columns, two spaces apart; numbers stand on the right. */
export function table(rows: readonly (readonly string[])[], isNumber: readonly boolean[] = []): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, at) =>
      isNumber[at] === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
    );
    return `  ${cells.join("  ")}`.trimEnd();
  });
}

/** One point of a list. */
export function list(text: string): string[] {
  const [first = "", ...rest] = wrap(text, "    ");
  return [`  - ${first.trimStart()}`, ...rest];
}

/** Broken at spaces, each line behind the indentation; a word that is too long stays whole. */
export function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && indent.length + longer.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else line = longer;
  }
  return [...lines, indent + line];
}

/** `3.2 s`, `48 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}
