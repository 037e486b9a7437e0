// Virtual keys: what clients hold instead of a provider's key. Only the SHA-256 of 192 random bits is kept.
// The rows live in memory, because every request looks one up; a change counts from its commit on.
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock, Random } from "../lib/ports.ts";
import type { Books } from "./books.ts";
import { Refusal } from "./refusal.ts";

export const VirtualKey = z.strictObject({
  hash: z.string().meta({ description: "SHA-256 of the key, hex: LiteLLM's `token`" }),
  name: z.string().meta({ description: "`sk-...` and the last four characters" }),
  alias: z.string().nullable().meta({ description: "A name for people" }),
  models: z.array(z.string()).meta({ description: "Aliases of the routes it may use; empty means all" }),
  blocked: z.boolean().meta({ description: "Refused until it is unblocked" }),
  expiresAt: z.number().nullable().meta({ description: "Milliseconds since the epoch; null is never" }),
  createdAt: z.number().meta({ description: "Milliseconds since the epoch" }),
  updatedAt: z.number().meta({ description: "Milliseconds since the epoch" }),
});
export type VirtualKey = Readonly<z.infer<typeof VirtualKey>>;

export type KeySettings = Pick<VirtualKey, "alias" | "models" | "blocked" | "expiresAt">;

export class Keyring {
  readonly #books: Books;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #rows: Map<string, VirtualKey>;

  constructor(effects: { readonly books: Books; readonly clock: Clock; readonly random: Random }) {
    this.#books = effects.books;
    this.#clock = effects.clock;
    this.#random = effects.random;
    const stored = effects.books.db.prepare("SELECT row FROM virtual_key").all();
    const rows = stored.map(({ row }) => VirtualKey.parse(JSON.parse(String(row))));
    this.#rows = new Map(rows.map((row) => [row.hash, row]));
  }

  /** The key's row, for the one moment in which the clear key is known. */
  async issue(settings: KeySettings): Promise<{ readonly key: string; readonly row: VirtualKey }> {
    const key = `sk-${Buffer.from(this.#random.bytes(24)).toString("base64url")}`;
    const now = this.#clock.now();
    const row = { ...settings, hash: hashKey(key), name: `sk-...${key.slice(-4)}`, createdAt: now, updatedAt: now };
    await this.#put(row);
    return { key, row };
  }

  async change(row: VirtualKey, settings: Partial<KeySettings>): Promise<VirtualKey> {
    const changed = { ...row, ...settings, updatedAt: this.#clock.now() };
    await this.#put(changed);
    return changed;
  }

  async remove(row: VirtualKey): Promise<void> {
    await this.#books.commit((db) => db.prepare("DELETE FROM virtual_key WHERE hash = ?").run(row.hash));
    this.#rows.delete(row.hash);
  }

  list(): readonly VirtualKey[] {
    return [...this.#rows.values()].sort((a, b) => a.createdAt - b.createdAt);
  }

  /** By the clear key or by its hash, as LiteLLM's management API takes both. */
  find(keyOrHash: string): VirtualKey | undefined {
    return this.#rows.get(keyOrHash.startsWith("sk-") ? hashKey(keyOrHash) : keyOrHash);
  }

  /** The first of the offered credentials that is a usable key. Throws Refusal (401) when none is. */
  authenticate(credentials: readonly string[]): VirtualKey {
    const rows = credentials
      .map((credential) => this.#rows.get(hashKey(credential)))
      .filter((row) => row !== undefined);
    const usable = rows.find((row) => !row.blocked && !this.#isExpired(row));
    if (usable !== undefined) return usable;
    throw new Refusal("authentication_error", reasonOf(credentials, rows[0]));
  }

  #isExpired(row: VirtualKey): boolean {
    return row.expiresAt !== null && row.expiresAt <= this.#clock.now();
  }

  async #put(row: VirtualKey): Promise<void> {
    const text = JSON.stringify(row);
    await this.#books.commit((db) =>
      db
        .prepare("INSERT INTO virtual_key VALUES (?, ?) ON CONFLICT DO UPDATE SET row = excluded.row")
        .run(row.hash, text),
    );
    this.#rows.set(row.hash, row);
  }
}

function reasonOf(credentials: readonly string[], row: VirtualKey | undefined): string {
  if (credentials.length === 0) return "no virtual key: send it as a bearer token or as x-api-key";
  if (row === undefined) return "unknown virtual key";
  return row.blocked ? "this virtual key is blocked" : "this virtual key has expired";
}

function hashKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
