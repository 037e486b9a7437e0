// LiteLLM's /key calls over the keyring.
import { z } from "zod";
import { durationMs } from "./duration.ts";
import { API_PATHS } from "./endpoints.ts";
import { accountOf, modelAccountOf, type IssuedKey, type KeySettings, type VirtualKey } from "./keyring.ts";
import { allowanceOf, isoOrNull, parseInput, shownTerms, termsFields, termsOf } from "./management-input.ts";
import type { ManagementCall, ManagementDesk } from "./management.ts";
import { Refusal } from "./refusal.ts";
import { SERVICE_PREFIX } from "./service-keys.ts";
import type { Allowance } from "./terms.ts";

const modelBudgets = z.record(
  z.string().min(1).max(128),
  z.strictObject({
    budget_limit: z.number().min(0).max(1_000_000_000).meta({ description: "USD" }),
    time_period: z.string().optional().meta({ description: "Period of the limit: 1d, 7d, 1mo; for ever without it" }),
  }),
);

const Settings = z.strictObject({
  ...termsFields,
  key_alias: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, "should hold no control characters: it is shown on terminals")
    .nullable()
    .optional()
    .meta({ description: "A name for people" }),
  duration: z
    .string()
    .nullable()
    .optional()
    .meta({ description: "Life of the key (30s, 12h, 30d, 1mo); null is for ever" }),
  user_id: z.string().min(1).max(200).nullable().optional().meta({ description: "The user who pays too" }),
  team_id: z.string().min(1).max(200).nullable().optional().meta({ description: "The team that pays too" }),
  organization_id: z
    .string()
    .min(1)
    .max(200)
    .nullable()
    .optional()
    .meta({ description: "The organisation that pays too" }),
  allowed_routes: z
    .array(z.enum(API_PATHS))
    .optional()
    .meta({ description: "Paths of the API that may be asked; empty means all" }),
  model_max_budget: modelBudgets.optional().meta({ description: "Limits of their own for single models, by alias" }),
});

const Generate = Settings.extend({
  key: z
    .string()
    .regex(/^sk-[A-Za-z0-9_-]{22,200}$/, "should be sk- and at least 22 characters, so that it holds 128 bits")
    .optional()
    .meta({ description: "A key of the caller's own making" }),
});

const Named = z.strictObject({ key: z.string().min(1).meta({ description: "The key, or its hash" }) });
const Update = Settings.extend(Named.shape);
const Delete = z.strictObject({
  keys: z.array(z.string()).optional().meta({ description: "Keys or hashes" }),
  key_aliases: z.array(z.string()).optional().meta({ description: "Their names" }),
});

const List = z.strictObject({
  user_id: z.string().optional().meta({ description: "Only this user's" }),
  team_id: z.string().optional().meta({ description: "Only this team's" }),
  organization_id: z.string().optional().meta({ description: "Only those that name this organisation themselves" }),
  key_alias: z.string().optional().meta({ description: "Only the one of this name" }),
  page: z.coerce.number().int().min(1).default(1).meta({ description: "From 1 on" }),
  size: z.coerce.number().int().min(1).max(100).default(10).meta({ description: "Keys a page" }),
  return_full_object: z.literal("true").optional().meta({ description: "LiteLLM's word for what is always answered" }),
});

export const keyOperations: Readonly<Record<string, ManagementCall>> = {
  "POST /key/generate": async (desk, input) => {
    const { key, ...asked } = parseInput(Generate, input);
    const allowance = { cap: null, period: null, ...keyAllowance(asked) };
    return withKey(desk, await desk.keyring.issue(settingsOf(desk, asked), allowance, key));
  },
  "POST /key/update": async (desk, input) => {
    const { key, ...asked } = parseInput(Update, input);
    const settings = (now: VirtualKey): KeySettings => settingsOf(desk, asked, now);
    const row = await desk.keyring.change(found(desk, key), settings, keyAllowance(asked));
    endIfBlocked(desk, row);
    return { key: row.hash, ...shownKey(desk, row) };
  },
  "POST /key/block": async (desk, input) => await block(desk, input, true),
  "POST /key/unblock": async (desk, input) => await block(desk, input, false),
  "POST /key/regenerate": async (desk, input) => {
    const row = found(desk, parseInput(Named, input).key);
    const issued = await desk.keyring.regenerate(row);
    desk.inFlight.end(accountOf(row), "this virtual key was regenerated");
    return withKey(desk, issued);
  },
  "POST /key/delete": async (desk, input) => {
    const { keys = [], key_aliases: aliases = [] } = parseInput(Delete, input);
    const named = [...keys.map((key) => found(desk, key)), ...aliases.map((alias) => byName(desk, alias))];
    const rows = [...new Set(named)];
    for (const row of rows) {
      await desk.keyring.remove(row);
      desk.inFlight.end(accountOf(row), "this virtual key was deleted");
    }
    return { deleted_keys: rows.map((row) => row.hash) };
  },
  "GET /key/info": (desk, input) => {
    const { key } = parseInput(Named, input);
    return { key, info: shownKey(desk, found(desk, key)) };
  },
  "GET /key/list": (desk, input) => {
    const { page, size, ...asked } = parseInput(List, input);
    const rows = desk.keyring.list().filter((row) => isAskedFor(row, asked));
    const keys = rows.slice((page - 1) * size, page * size).map((row) => shownKey(desk, row));
    return { keys, total_count: rows.length, current_page: page, total_pages: Math.ceil(rows.length / size) };
  },
};

async function block(desk: ManagementDesk, input: object, blocked: boolean): Promise<object> {
  const row = await desk.keyring.change(found(desk, parseInput(Named, input).key), () => ({ blocked }));
  endIfBlocked(desk, row);
  return shownKey(desk, row);
}

/** Whatever else is changed of a key holds for the requests to come. */
function endIfBlocked(desk: ManagementDesk, row: VirtualKey): void {
  if (row.blocked) desk.inFlight.end(accountOf(row), "this virtual key was blocked");
}

function isAskedFor(row: VirtualKey, asked: Omit<z.infer<typeof List>, "page" | "size">): boolean {
  const { user_id: user, team_id: team, organization_id: organization, key_alias: alias } = asked;
  return (
    (user === undefined || row.userId === user) &&
    (team === undefined || row.teamId === team) &&
    (organization === undefined || row.organizationId === organization) &&
    (alias === undefined || row.alias === alias)
  );
}

/** By the key, its hash or its name. Throws Refusal when that is no key, or more than one. */
function found(desk: ManagementDesk, key: string): VirtualKey {
  return desk.keyring.find(key) ?? byName(desk, key);
}

function byName(desk: ManagementDesk, alias: string): VirtualKey {
  const [row, ...others] = desk.keyring.named(alias);
  if (row === undefined) throw new Refusal("not_found_error", "no such key");
  if (others.length === 0) return row;
  const hashes = [row, ...others].map((one) => one.hash).join(", ");
  const what = `key: ${others.length + 1} keys are named ${alias}; say which by its hash: ${hashes}`;
  throw new Refusal("invalid_request_error", what);
}

function settingsOf(desk: ManagementDesk, asked: z.infer<typeof Settings>, before?: VirtualKey): KeySettings {
  const settings = {
    ...termsOf(asked, before),
    alias: aliasOf(asked.key_alias, before?.alias ?? null),
    userId: asked.user_id === undefined ? (before?.userId ?? null) : asked.user_id,
    teamId: asked.team_id === undefined ? (before?.teamId ?? null) : asked.team_id,
    organizationId: asked.organization_id === undefined ? (before?.organizationId ?? null) : asked.organization_id,
    routes: asked.allowed_routes ?? before?.routes ?? [],
    modelBudgets: Object.keys(asked.model_max_budget ?? {}).concat(
      asked.model_max_budget === undefined ? (before?.modelBudgets ?? []) : [],
    ),
    expiresAt: asked.duration === undefined ? (before?.expiresAt ?? null) : expiry(asked.duration, desk.clock.now()),
  };
  if (settings.teamId !== null && desk.owners.get("team", settings.teamId) === undefined) {
    throw new Refusal("invalid_request_error", `team_id: there is no team ${settings.teamId}`);
  }
  if (settings.organizationId !== null && desk.owners.get("organization", settings.organizationId) === undefined) {
    throw new Refusal("invalid_request_error", `organization_id: there is no organisation ${settings.organizationId}`);
  }
  return settings;
}

/** Throws Refusal when a key would come by a name, or lose one, that the estate gives. */
function aliasOf(asked: string | null | undefined, before: string | null): string | null {
  if (asked === undefined || asked === before) return before;
  for (const alias of [asked, before]) {
    if (alias?.startsWith(SERVICE_PREFIX) !== true) continue;
    const what = `key_alias: names that begin with ${SERVICE_PREFIX} are for the keys under serviceKeys in the gateway's file`;
    throw new Refusal("invalid_request_error", what);
  }
  return asked;
}

function keyAllowance(asked: z.infer<typeof Settings>): Partial<Allowance> {
  const models = Object.entries(asked.model_max_budget ?? {}).map(
    ([alias, { budget_limit: usd, time_period: period }]) => [
      alias,
      {
        cap: null,
        period: null,
        ...allowanceOf({ max_budget: usd, budget_duration: period ?? null }, `model_max_budget/${alias}/time_period`),
      },
    ],
  );
  return { ...allowanceOf(asked), models: Object.fromEntries(models) };
}

/** LiteLLM's clients say "for ever" with null or "-1". */
function expiry(duration: string | null, now: number): number | null {
  return duration === null || duration === "-1" ? null : now + durationMs(duration);
}

function withKey(desk: ManagementDesk, { key, row }: IssuedKey): object {
  return { key, ...shownKey(desk, row), token_id: row.hash };
}

function shownKey(desk: ManagementDesk, row: VirtualKey): object {
  return {
    ...shownTerms(row, desk.budgets.look(accountOf(row))),
    token: row.hash,
    key_name: row.name,
    key_alias: row.alias,
    user_id: row.userId,
    team_id: row.teamId,
    organization_id: row.organizationId,
    allowed_routes: row.routes,
    ...shownModels(desk, row),
    expires: isoOrNull(row.expiresAt),
    created_at: isoOrNull(row.createdAt),
    updated_at: isoOrNull(row.updatedAt),
  };
}

function shownModels(desk: ManagementDesk, row: VirtualKey): object {
  const accounts = row.modelBudgets.map((alias) => ({ alias, account: desk.budgets.look(modelAccountOf(row, alias)) }));
  return {
    model_max_budget: Object.fromEntries(
      accounts.map(({ alias, account }) => [
        alias,
        { budget_limit: (account?.cap ?? 0) / 1_000_000, time_period: account?.period ?? null },
      ]),
    ),
    model_spend: Object.fromEntries(accounts.map(({ alias, account }) => [alias, (account?.spent ?? 0) / 1_000_000])),
  };
}
