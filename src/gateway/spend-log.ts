// What each request cost, for LiteLLM's /spend/logs. Kept for a while; the audit keeps the rest.
import type { SQLOutputValue, StatementSync } from "node:sqlite";
import { z } from "zod";
import type { Books } from "./books.ts";
import type { JsonObject } from "./json.ts";

const KEPT_MS = 92 * 86_400_000;

/** Most rows of one answer. */
const MAX_ROWS = 1000;

export type SpendQuery = {
  readonly requestId: string | null;
  /** Of one key: what it spent under any of its hashes, and what was spent under this one. */
  readonly key: { readonly id: string | null; readonly hash: string } | null;
  readonly userId: string | null;
  readonly teamId: string | null;
  readonly from: number;
  readonly until: number;
};

/** Times in milliseconds since the epoch, money in micro-USD. */
export const SpendRow = z.strictObject({
  requestId: z.string(),
  at: z.number(),
  startedAt: z.number(),
  keyId: z.string(),
  keyHash: z.string(),
  userId: z.string().nullable(),
  teamId: z.string().nullable(),
  operation: z.string(),
  alias: z.string(),
  model: z.string(),
  upstream: z.string(),
  outcome: z.string(),
  microUsd: z.number(),
  promptTokens: z.number(),
  completionTokens: z.number(),
});
export type SpendRow = z.infer<typeof SpendRow>;

export class SpendLog {
  readonly #books: Books;
  readonly #select: StatementSync;

  constructor(books: Books) {
    this.#books = books;
    this.#select = books.db.prepare(
      `SELECT * FROM spend WHERE at >= :from AND at < :until
         AND (:requestId IS NULL OR request_id = :requestId)
         AND (:keyHash IS NULL OR key_hash = :keyHash OR key_id = :keyId)
         AND (:userId IS NULL OR user_id = :userId) AND (:teamId IS NULL OR team_id = :teamId)
       ORDER BY at DESC LIMIT ${MAX_ROWS}`,
    );
  }

  find({ key, ...asked }: SpendQuery): JsonObject[] {
    return this.#select.all({ ...asked, keyId: key?.id ?? null, keyHash: key?.hash ?? null }).map(shown);
  }

  async prune(now: number): Promise<void> {
    await this.#books.commit((db) => db.prepare("DELETE FROM spend WHERE at < ?").run(now - KEPT_MS));
  }
}

/** LiteLLM's field names. */
function shown(row: Record<string, SQLOutputValue>): JsonObject {
  const { at, started_at: startedAt, micro_usd: microUsd, prompt_tokens: prompt, completion_tokens: completion } = row;
  return {
    request_id: row["request_id"],
    call_type: row["operation"],
    api_key: row["key_hash"],
    spend: Number(microUsd) / 1_000_000,
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: Number(prompt) + Number(completion),
    startTime: new Date(Number(startedAt)).toISOString(),
    endTime: new Date(Number(at)).toISOString(),
    request_duration_ms: Number(at) - Number(startedAt),
    model: row["model"],
    model_group: row["alias"],
    api_base: row["upstream"],
    user: row["user_id"],
    team_id: row["team_id"],
    status: row["outcome"],
  };
}
