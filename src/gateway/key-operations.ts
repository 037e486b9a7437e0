// LiteLLM's /key calls over the keyring. Fields that this gateway does not have are refused by name, not ignored.
import { z } from "zod";
import type { KeySettings, VirtualKey } from "./keyring.ts";
import { durationMs } from "./duration.ts";
import type { ManagementCall, ManagementDesk } from "./management.ts";
import { Refusal } from "./refusal.ts";

const Settings = z.strictObject({
  key_alias: z.string().min(1).max(200).nullable().optional().meta({ description: "A name for people" }),
  models: z.array(z.string()).optional().meta({ description: "Aliases the key may use; empty means all" }),
  duration: z
    .string()
    .nullable()
    .optional()
    .meta({ description: "Life of the key (30s, 12h, 30d, 1mo); null is for ever" }),
  blocked: z.boolean().optional().meta({ description: "Issue it blocked" }),
});

const Named = z.strictObject({ key: z.string().min(1).meta({ description: "The key, or its hash" }) });
const Update = Settings.extend(Named.shape);
const Delete = z.strictObject({
  keys: z.array(z.string()).min(1).meta({ description: "Keys or hashes" }),
});

export const keyOperations: Readonly<Record<string, ManagementCall>> = {
  "POST /key/generate": async (desk, input) => {
    const now = desk.clock.now();
    const asked = parse(Settings, input);
    const issued = await desk.keyring.issue({
      alias: asked.key_alias ?? null,
      models: asked.models ?? [],
      blocked: asked.blocked ?? false,
      expiresAt: expiry(asked.duration, now),
    });
    return { key: issued.key, ...shown(issued.row), token_id: issued.row.hash };
  },
  "POST /key/update": async (desk, input) => {
    const { key, ...asked } = parse(Update, input);
    const row = await desk.keyring.change(found(desk, key), changes(asked, desk.clock.now()));
    return { key: row.hash, ...shown(row) };
  },
  "POST /key/block": async (desk, input) => await block(desk, input, true),
  "POST /key/unblock": async (desk, input) => await block(desk, input, false),
  "POST /key/delete": async (desk, input) => {
    const rows = parse(Delete, input).keys.map((key) => found(desk, key));
    for (const row of rows) await desk.keyring.remove(row);
    return { deleted_keys: rows.map((row) => row.hash) };
  },
  "GET /key/info": (desk, input) => {
    const { key } = parse(Named, input);
    return { key, info: shown(found(desk, key)) };
  },
  "GET /key/list": (desk) => {
    const rows = desk.keyring.list();
    const keys = rows.map((row) => shown(row));
    return { keys, total_count: keys.length, current_page: 1, total_pages: 1 };
  },
};

async function block(desk: ManagementDesk, input: object, blocked: boolean): Promise<object> {
  const row = await desk.keyring.change(found(desk, parse(Named, input).key), { blocked });
  return shown(row);
}

function found(desk: ManagementDesk, key: string): VirtualKey {
  const row = desk.keyring.find(key);
  if (row === undefined) throw new Refusal("not_found_error", "no such key");
  return row;
}

function changes(asked: z.infer<typeof Settings>, now: number): Partial<KeySettings> {
  return {
    ...(asked.key_alias === undefined ? {} : { alias: asked.key_alias }),
    ...(asked.models === undefined ? {} : { models: asked.models }),
    ...(asked.blocked === undefined ? {} : { blocked: asked.blocked }),
    ...(asked.duration === undefined ? {} : { expiresAt: expiry(asked.duration, now) }),
  };
}

/** LiteLLM's clients say "for ever" with null or "-1". */
function expiry(duration: string | null | undefined, now: number): number | null {
  if (duration === undefined || duration === null || duration === "-1") return null;
  return now + durationMs(duration);
}

function shown(row: VirtualKey): object {
  return {
    token: row.hash,
    key_name: row.name,
    key_alias: row.alias,
    models: row.models,
    blocked: row.blocked,
    expires: row.expiresAt === null ? null : new Date(row.expiresAt).toISOString(),
    created_at: new Date(row.createdAt).toISOString(),
    updated_at: new Date(row.updatedAt).toISOString(),
  };
}

function parse<T>(schema: z.ZodType<T>, input: object): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal(
    "invalid_request_error",
    `${issue?.path.join("/") || "body"}: ${issue?.message ?? "is not understood"}`,
  );
}
