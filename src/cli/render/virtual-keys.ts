// Virtual keys as lines of text: what the management API answered, never a key.
import { z } from "zod";

const Shown = z.object({
  key_name: z.string(),
  key_alias: z.string().nullable(),
  token: z.string(),
  models: z.array(z.string()),
  blocked: z.boolean(),
  spend: z.number(),
  max_budget: z.number().nullable(),
  budget_duration: z.string().nullable(),
  expires: z.string().nullable(),
  user_id: z.string().nullable(),
  team_id: z.string().nullable(),
});
type Shown = z.infer<typeof Shown>;

export function renderKeys(answer: unknown): string {
  const keys = z.array(Shown).parse(answer);
  if (keys.length === 0) return "no virtual keys\n";
  const rows = keys.map((key) => [key.key_alias ?? "-", key.key_name, money(key), state(key)]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

export function renderKey(answer: unknown): string {
  const key = Shown.parse(answer);
  const lines = {
    name: key.key_alias ?? "-",
    key: key.key_name,
    hash: key.token,
    state: state(key),
    spent: money(key),
    models: key.models.length === 0 ? "all" : key.models.join(", "),
    user: key.user_id ?? "-",
    team: key.team_id ?? "-",
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name.padEnd(7)} ${value}\n`)
    .join("");
}

function money({ spend, max_budget: cap, budget_duration: period }: Shown): string {
  const spent = `$${spend.toFixed(2)}`;
  if (cap === null) return `${spent}, no limit`;
  return `${spent} of $${cap.toFixed(2)}${period === null ? "" : ` each ${period}`}`;
}

function state({ blocked, expires }: Shown): string {
  if (blocked) return "blocked";
  return expires === null ? "live" : `live until ${expires}`;
}
