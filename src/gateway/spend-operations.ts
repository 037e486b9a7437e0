// LiteLLM's /spend/logs: one row a request, newest first.
import { z } from "zod";
import { hashOf } from "./keyring.ts";
import { parseInput } from "./management-input.ts";
import type { ManagementCall, ManagementDesk } from "./management.ts";
import { Refusal } from "./refusal.ts";

const moment = z.iso.datetime({ precision: 0 });

/** UTC, as LiteLLM's: a day, or a second of one. */
const when = z
  .string()
  .refine((text) => moment.safeParse(momentOf(text)).success, "should be YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, in UTC");

const Query = z.strictObject({
  request_id: z.string().optional(),
  api_key: z.string().optional(),
  user_id: z.string().optional(),
  team_id: z.string().optional(),
  start_date: when.optional(),
  end_date: when.optional(),
  summarize: z.literal("false").optional(),
});

const DAY_MS = 86_400_000;
const SECOND_MS = 1000;

export const spendOperations: Readonly<Record<string, ManagementCall>> = {
  "GET /spend/logs": (desk, input) => {
    const asked = parseInput(Query, input);
    const key = asked.api_key === undefined ? null : keyOf(desk, asked.api_key);
    const rows = desk.spendLog.find({
      requestId: asked.request_id ?? null,
      key,
      userId: asked.user_id ?? null,
      teamId: asked.team_id ?? null,
      from: asked.start_date === undefined ? 0 : startOf(asked.start_date),
      until: asked.end_date === undefined ? Number.MAX_SAFE_INTEGER : endOf(asked.end_date),
    });
    // A key that is gone is known by its rows only; a wrong hash must not look like one that spent nothing.
    if (key?.id === null && rows.length === 0) {
      throw new Refusal("not_found_error", "no such key, and nothing that was spent on one");
    }
    return rows;
  },
};

function keyOf({ keyring }: ManagementDesk, keyOrHash: string): { readonly id: string | null; readonly hash: string } {
  return { id: keyring.find(keyOrHash)?.id ?? null, hash: hashOf(keyOrHash) };
}

/** "2026-03-01" -> "2026-03-01T00:00:00Z"; a blank for the T is taken too. */
function momentOf(text: string): string {
  const whole = isDay(text) ? `${text}T00:00:00` : text.replace(" ", "T");
  return whole.endsWith("Z") ? whole : `${whole}Z`;
}

function isDay(text: string): boolean {
  return text.length === "YYYY-MM-DD".length;
}

function startOf(text: string): number {
  return Date.parse(momentOf(text));
}

/** Behind the last millisecond of the day, or of the second. */
function endOf(text: string): number {
  return startOf(text) + (isDay(text) ? DAY_MS : SECOND_MS);
}
