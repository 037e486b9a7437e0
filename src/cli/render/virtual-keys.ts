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
  budget_reset_at: z.string().nullable(),
  expires: z.string().nullable(),
  user_id: z.string().nullable(),
  team_id: z.string().nullable(),
  organization_id: z.string().nullable(),
  rpm_limit: z.number().nullable(),
  tpm_limit: z.number().nullable(),
  max_parallel_requests: z.number().nullable(),
  allowed_routes: z.array(z.string()),
  model_max_budget: z.record(z.string(), z.object({ budget_limit: z.number(), time_period: z.string().nullable() })),
  model_spend: z.record(z.string(), z.number()),
});
type Shown = z.infer<typeof Shown>;

/** One line a key; its hash, at the end, is what names a key that has no name. */
export function renderKeys(answer: unknown, now: number): string {
  const keys = z.array(Shown).parse(answer);
  if (keys.length === 0) return "no virtual keys\n";
  const rows = keys.map((key) => [key.key_alias ?? "-", key.key_name, spending(key), state(key, now), key.token]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
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

export function renderKey(answer: unknown, now: number): string {
  const key = Shown.parse(answer);
  const lines: readonly (readonly [name: string, value: string])[] = [
    ["name", key.key_alias ?? "-"],
    ["key", key.key_name],
    ["hash", key.token],
    ["state", state(key, now)],
    ["spent", `${money(key)}${key.budget_reset_at === null ? "" : `, anew on ${key.budget_reset_at}`}`],
    ...modelBudgets(key),
    ["models", orAll(key.models)],
    ["paths", orAll(key.allowed_routes)],
    ["limits", limits(key)],
    ["user", key.user_id ?? "-"],
    ["team", key.team_id ?? "-"],
    ["organisation", key.organization_id ?? "-"],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)} ${value}\n`).join("");
}

/** In a list's one line, limits of single models are only named. */
function spending(key: Shown): string {
  const isByModel = key.max_budget === null && Object.keys(key.model_max_budget).length > 0;
  return isByModel ? `${usd(key.spend)}, limited by model` : money(key);
}

/** A line for each model that has a budget of its own. */
function modelBudgets({ model_max_budget: budgets, model_spend: spent }: Shown): [name: string, value: string][] {
  return Object.entries(budgets).map(([alias, { budget_limit: cap, time_period: period }]) => [
    "",
    `${alias}: ${money({ spend: spent[alias] ?? 0, max_budget: cap, budget_duration: period })}`,
  ]);
}

function limits({ rpm_limit: rpm, tpm_limit: tpm, max_parallel_requests: parallel }: Shown): string {
  const said = [
    ...(rpm === null ? [] : [`${rpm} requests a minute`]),
    ...(tpm === null ? [] : [`${tpm} tokens a minute`]),
    ...(parallel === null ? [] : [`${parallel} requests at a time`]),
  ];
  return said.length === 0 ? "none" : said.join(", ");
}

function orAll(names: readonly string[]): string {
  return names.length === 0 ? "all" : names.join(", ");
}

function money({
  spend,
  max_budget: cap,
  budget_duration: period,
}: Pick<Shown, "spend" | "max_budget" | "budget_duration">): string {
  const spent = usd(spend);
  if (cap === null) return `${spent}, no limit`;
  return `${spent} of ${usd(cap)}${period === null ? "" : ` each ${period}`}`;
}

/** To the micro-dollar where there are any: a budget of $0.0001 is not one of nothing. */
function usd(amount: number): string {
  return `$${amount.toFixed(6).replace(/0{1,4}$/, "")}`;
}

function state({ blocked, expires }: Shown, now: number): string {
  if (blocked) return "blocked";
  if (expires === null) return "live";
  return Date.parse(expires) <= now ? `expired ${expires}` : `live until ${expires}`;
}
