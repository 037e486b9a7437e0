// Virtual keys: what clients hold instead of a provider's key. Only the SHA-256 of 192 random bits is kept.
import { hash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock, Random } from "../lib/ports.ts";
import type { Accounts } from "./accounts.ts";
import type { Audit } from "./audit.ts";
import type { Books } from "./books.ts";
import { plainRefusal, Refusal } from "./refusal.ts";
import { RowTable } from "./row-table.ts";
import { Terms, type Allowance } from "./terms.ts";
import { Turns } from "./turns.ts";

export const VirtualKey = Terms.extend({
  id: z.string().meta({ description: "Stays the same when the key is regenerated; its account is key:<id>" }),
  hash: z.string().meta({ description: "SHA-256 of the key, hex: LiteLLM's `token`" }),
  name: z.string().meta({ description: "`sk-...` and the last four characters" }),
  alias: z.string().nullable().meta({ description: "A name for people" }),
  userId: z.string().nullable().meta({ description: "The user who pays too" }),
  teamId: z.string().nullable().meta({ description: "The team that pays too" }),
  organizationId: z.string().nullable().default(null).meta({ description: "The organisation that pays too" }),
  routes: z.array(z.string()).default([]).meta({ description: "Paths of the API that may be asked; empty means all" }),
  modelBudgets: z.array(z.string()).default([]).meta({ description: "Aliases that have a budget of their own" }),
  expiresAt: z.number().nullable().meta({ description: "Milliseconds since the epoch; null is never" }),
  createdAt: z.number().meta({ description: "Milliseconds since the epoch" }),
  updatedAt: z.number().meta({ description: "Milliseconds since the epoch" }),
});
export type VirtualKey = Readonly<z.infer<typeof VirtualKey>>;

export type KeySettings = Omit<VirtualKey, "id" | "hash" | "name" | "createdAt" | "updatedAt">;

type SettingsOf = (row: VirtualKey) => Partial<KeySettings>;

export type KeyringEffects = {
  readonly books: Books;
  readonly accounts: Accounts;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
};

export type IssuedKey = { readonly key: string; readonly row: VirtualKey };

export class Keyring {
  readonly #effects: KeyringEffects;
  readonly #rows: RowTable<VirtualKey>;
  readonly #turns = new Turns();

  constructor(effects: KeyringEffects) {
    this.#effects = effects;
    this.#rows = new RowTable(effects.books, "virtual_key", VirtualKey);
  }

  /** The only moment in which the clear key is known. */
  async issue(settings: KeySettings, allowance: Allowance, given?: string): Promise<IssuedKey> {
    const { accounts, clock } = this.#effects;
    const key = given ?? this.#newKey();
    const now = clock.now();
    const row = { ...settings, ...nameOf(key), id: randomUUID(), createdAt: now, updatedAt: now };
    if (this.#rows.get(row.hash) !== undefined) throw new Refusal("invalid_request_error", "key: exists already");
    await this.#turns.take(async () => {
      this.#checkName(row, null);
      await this.#rows.put(row.hash, row, () => {
        accounts.set(accountOf(row), allowance);
        this.#setModels(row, allowance);
        this.#record("issued", row);
      });
    });
    return { key, row };
  }

  /** `settingsOf` is given the key as it stands then. Throws Refusal when it has gone meanwhile, or another has its new name. */
  async change({ id }: VirtualKey, settingsOf: SettingsOf, allowance: Partial<Allowance> = {}): Promise<VirtualKey> {
    return await this.#turns.take(async () => {
      const row = this.#now(id);
      return await this.#change(row, settingsOf(row), allowance);
    });
  }

  /** Blocks the key as it stands now, whatever was changed since its request began. */
  async freeze(id: string): Promise<void> {
    await this.#turns.take(async () => {
      const row = this.#byId(id);
      if (row !== undefined) await this.#change(row, { blocked: true }, {});
    });
  }

  /** The same key with another secret: the old one is dead from here on, what was spent stays spent. */
  async regenerate({ id }: VirtualKey): Promise<IssuedKey> {
    return await this.#turns.take(async () => {
      const [row, key] = [this.#now(id), this.#newKey()];
      const renewed = { ...row, ...nameOf(key), updatedAt: this.#effects.clock.now() };
      await this.#rows.replace(row.hash, renewed.hash, renewed, () => this.#record("regenerated", row));
      return { key, row: renewed };
    });
  }

  /** The account stays, so that requests in flight can still be charged. */
  async remove({ id }: VirtualKey): Promise<void> {
    await this.#turns.take(async () => {
      const row = this.#byId(id);
      if (row !== undefined) await this.#rows.remove(row.hash, () => this.#record("deleted", row));
    });
  }

  list(): readonly VirtualKey[] {
    return [...this.#rows.all()].sort((a, b) => a.createdAt - b.createdAt);
  }

  /** By the clear key or by its hash, as LiteLLM's management API takes both. */
  find(keyOrHash: string): VirtualKey | undefined {
    return this.#rows.get(hashOf(keyOrHash));
  }

  /** One key, or none. State folders of versions before may hold several of one name. */
  named(alias: string): readonly VirtualKey[] {
    return this.list().filter((row) => row.alias === alias);
  }

  /** The first of the offered credentials that is a key at all, usable or not. */
  recognise(credentials: readonly string[]): VirtualKey | undefined {
    return credentials.map((one) => this.#rows.get(hashKey(one))).find((row) => row !== undefined);
  }

  /** The first of the offered credentials that is a usable key. Throws Refusal (401) when none is. */
  authenticate(credentials: readonly string[]): VirtualKey {
    const rows = credentials.map((one) => this.#rows.get(hashKey(one))).filter((row) => row !== undefined);
    const usable = rows.find((row) => !row.blocked && !this.#isExpired(row));
    if (usable !== undefined) return usable;
    throw plainRefusal("authentication_error", reasonOf(credentials, rows[0]));
  }

  async #change(row: VirtualKey, settings: Partial<KeySettings>, allowance: Partial<Allowance>): Promise<VirtualKey> {
    const changed = { ...row, ...settings, updatedAt: this.#effects.clock.now() };
    this.#checkName(changed, row.alias);
    await this.#rows.put(row.hash, changed, () => {
      this.#effects.accounts.set(accountOf(row), allowance);
      this.#setModels(row, allowance);
      this.#record(changed.blocked && !row.blocked ? "blocked" : "changed", row);
    });
    return changed;
  }

  #byId(id: string): VirtualKey | undefined {
    return this.#rows.all().find((one) => one.id === id);
  }

  #now(id: string): VirtualKey {
    const row = this.#byId(id);
    if (row !== undefined) return row;
    throw new Refusal("not_found_error", "key: was deleted meanwhile");
  }

  /** A name belongs to one key. Throws Refusal when another has it. */
  #checkName({ alias }: VirtualKey, before: string | null): void {
    if (alias === null || alias === before) return;
    const [taken] = this.named(alias);
    if (taken === undefined) return;
    const what = `key_alias: ${alias} is the name of the key ${taken.hash}: choose another name, or delete or rename that key first`;
    throw new Refusal("invalid_request_error", what);
  }

  #setModels(row: VirtualKey, { models = {} }: Partial<Allowance>): void {
    for (const [alias, allowance] of Object.entries(models)) {
      this.#effects.accounts.set(modelAccountOf(row, alias), allowance);
    }
  }

  #isExpired(row: VirtualKey): boolean {
    return row.expiresAt !== null && row.expiresAt <= this.#effects.clock.now();
  }

  #newKey(): string {
    return `sk-${Buffer.from(this.#effects.random.bytes(24)).toString("base64url")}`;
  }

  #record(action: string, { id, alias, userId, teamId, organizationId }: VirtualKey): void {
    const organization = organizationId === null ? {} : { organization: organizationId };
    const owners = { user: userId, team: teamId, ...organization };
    this.#effects.audit.record({ kind: "gateway.key", action, key: id, alias, ...owners });
  }
}

export function accountOf(row: VirtualKey): string {
  return `key:${row.id}`;
}

/** The account of what a key may spend on one model. */
export function modelAccountOf(row: VirtualKey, alias: string): string {
  return `model:${row.id}:${alias}`;
}

function nameOf(key: string): { readonly hash: string; readonly name: string } {
  return { hash: hashKey(key), name: `sk-...${key.slice(-4)}` };
}

function reasonOf(credentials: readonly string[], row: VirtualKey | undefined): string {
  if (credentials.length === 0) return "no virtual key: send it as a bearer token or as x-api-key";
  if (row === undefined) return "unknown virtual key";
  return row.blocked ? "this virtual key is blocked" : "this virtual key has expired";
}

/** Takes the clear key, or its hash as it is. */
export function hashOf(keyOrHash: string): string {
  return keyOrHash.startsWith("sk-") ? hashKey(keyOrHash) : keyOrHash;
}

function hashKey(key: string): string {
  return hash("sha256", key);
}
