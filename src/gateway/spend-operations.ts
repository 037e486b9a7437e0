// LiteLLM's /spend/logs: one row a request, newest first.
import { z } from "zod";
import { hashOf } from "./keyring.ts";
import { parseInput } from "./management-input.ts";
import type { ManagementCall, ManagementDesk } from "./management.ts";
import { Refusal } from "./refusal.ts";

const day = z.string().regex(/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\dZ?)?$/, "should be YYYY-MM-DD");

const Query = z.strictObject({
  request_id: z.string().optional(),
  api_key: z.string().optional(),
  user_id: z.string().optional(),
  team_id: z.string().optional(),
  start_date: day.optional(),
  end_date: day.optional(),
  summarize: z.literal("false").optional(),
});

const DAY_MS = 86_400_000;

export const spendOperations: Readonly<Record<string, ManagementCall>> = {
  "GET /spend/logs": (desk, input) => {
    const asked = parseInput(Query, input);
    const key = asked.api_key === undefined ? null : keyOf(desk, asked.api_key);
    const rows = desk.spendLog.find({
      requestId: asked.request_id ?? null,
      key,
      userId: asked.user_id ?? null,
      teamId: asked.team_id ?? null,
      from: asked.start_date === undefined ? 0 : Date.parse(asked.start_date),
      until: asked.end_date === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(asked.end_date) + DAY_MS,
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
