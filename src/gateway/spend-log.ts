// What each request cost, for LiteLLM's /spend/logs. Kept for a while; the audit keeps the rest.
import type { StatementSync } from "node:sqlite";
import type { Books } from "./books.ts";
import type { JsonObject } from "./json.ts";
import type { Facts, Outcome } from "./till.ts";

const KEPT_MS = 92 * 86_400_000;

/** Most rows of one answer. */
const MAX_ROWS = 1000;

export type SpendQuery = {
  readonly requestId: string | null;
  readonly keyId: string | null;
  readonly userId: string | null;
  readonly from: number;
  readonly until: number;
};

export class SpendLog {
  readonly #books: Books;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;

  constructor(books: Books) {
    this.#books = books;
    this.#insert = books.db.prepare("INSERT INTO spend VALUES (?, ?, ?, ?, ?, ?)");
    this.#select = books.db.prepare(
      `SELECT row FROM spend WHERE at >= :from AND at < :until
         AND (:requestId IS NULL OR request_id = :requestId)
         AND (:keyId IS NULL OR key_id = :keyId) AND (:userId IS NULL OR user_id = :userId)
       ORDER BY at DESC LIMIT ${MAX_ROWS}`,
    );
  }

  /** Inside a transaction. */
  insert(
    { requestId, key, route, operation, startedAt }: Facts,
    outcome: Outcome,
    microUsd: number,
    now: number,
  ): void {
    const { usage } = outcome;
    const prompt = usage === undefined ? 0 : usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
    const row = {
      request_id: requestId,
      call_type: operation,
      api_key: key.hash,
      spend: microUsd / 1_000_000,
      prompt_tokens: prompt,
      completion_tokens: usage?.output ?? 0,
      total_tokens: prompt + (usage?.output ?? 0),
      startTime: new Date(startedAt).toISOString(),
      endTime: new Date(now).toISOString(),
      request_duration_ms: now - startedAt,
      model: route.model,
      model_group: route.alias,
      custom_llm_provider: route.dialect,
      api_base: route.upstream,
      user: key.userId,
      team_id: key.teamId,
      status: outcome.outcome,
    };
    this.#insert.run(requestId, now, key.id, key.userId, key.teamId, JSON.stringify(row));
  }

  find({ requestId, keyId, userId, from, until }: SpendQuery): JsonObject[] {
    const rows = this.#select.all({ requestId, keyId, userId, from, until });
    return rows.map(({ row }): JsonObject => JSON.parse(String(row)));
  }

  async prune(now: number): Promise<void> {
    await this.#books.commit((db) => db.prepare("DELETE FROM spend WHERE at < ?").run(now - KEPT_MS));
  }
}
