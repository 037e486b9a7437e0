// What a bench measures, and whether it is within its budget.
import { z } from "zod";

const comparison = /^(>=|<=|>|<|==) (-?\d+(?:\.\d+)?)$/;

export const Row = z.strictObject({
  bench: z.string().meta({ description: "the file in bench/ it comes from" }),
  name: z.string().meta({ description: "what was measured" }),
  value: z.number().meta({ description: "the result, in `unit`; for a comparison, the ratio of both sides" }),
  unit: z.string().meta({ description: "x for a ratio, else ms, MB/s and so on" }),
  budget: z
    .string()
    .regex(comparison)
    .nullable()
    .meta({ description: "an operator and a number; null: only reported" }),
  ok: z.boolean().nullable().meta({ description: "is the value within the budget?" }),
  ours: z.number().nullable().meta({ description: "our side as measured" }),
  theirs: z.number().nullable().meta({ description: "the other side as measured in the same run" }),
});
export type Row = z.infer<typeof Row>;

/** The bench's own verdict does not count: it is formed here, from value and budget. */
export function judged(row: Row): Row {
  return { ...row, ok: row.budget === null ? null : isWithin(row.value, row.budget) };
}

function isWithin(value: number, budget: string): boolean {
  const [, operator, bound] = comparison.exec(budget) ?? [];
  const limit = Number(bound);
  switch (operator) {
    case ">=":
      return value >= limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case "<":
      return value < limit;
    case "==":
      return value === limit;
    default:
      return false;
  }
}

export function renderRows(rows: readonly Row[]): string {
  const head = ["bench", "what", "value", "budget", "", "ours", "theirs"];
  const body = rows.map((row) => [
    row.bench,
    row.name,
    `${rounded(row.value)} ${row.unit}`,
    row.budget ?? "",
    row.ok === null ? "" : row.ok ? "ok" : "FAILED",
    rounded(row.ours),
    rounded(row.theirs),
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...body.map((cells) => cells[at]?.length ?? 0)));
  return [head, ...body]
    .map((cells) => cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  "))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

function rounded(value: number | null): string {
  if (value === null) return "";
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
