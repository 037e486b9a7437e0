// Users and teams: they own keys, and have terms and an account of their own.
import { z } from "zod";
import type { Accounts } from "./accounts.ts";
import type { Audit } from "./audit.ts";
import type { Books } from "./books.ts";
import type { VirtualKey } from "./keyring.ts";
import { Refusal } from "./refusal.ts";
import { RowTable } from "./row-table.ts";
import { Terms, type Allowance } from "./terms.ts";
import { Turns } from "./turns.ts";

export const Owner = Terms.extend({
  kind: z.enum(["user", "team", "organization"]).meta({ description: "A person, a group, or what groups belong to" }),
  name: z.string().meta({ description: "user_id, team_id or organization_id" }),
  organizationId: z.string().nullable().default(null).meta({ description: "The organisation that pays too" }),
  alias: z.string().nullable().meta({ description: "A name for people" }),
  members: z
    .array(z.strictObject({ user_id: z.string(), role: z.enum(["admin", "user"]) }))
    .meta({ description: "Who belongs to a team" }),
  createdAt: z.number().meta({ description: "Milliseconds since the epoch" }),
});
export type Owner = Readonly<z.infer<typeof Owner>>;

export class Owners {
  readonly #accounts: Accounts;
  readonly #audit: Audit;
  readonly #rows: RowTable<Owner>;
  readonly #turns = new Turns();

  constructor(effects: { readonly books: Books; readonly accounts: Accounts; readonly audit: Audit }) {
    this.#accounts = effects.accounts;
    this.#audit = effects.audit;
    this.#rows = new RowTable(effects.books, "owner", Owner);
  }

  get(kind: Owner["kind"], name: string): Owner | undefined {
    return this.#rows.get(`${kind}:${name}`);
  }

  list(kind: Owner["kind"]): readonly Owner[] {
    return this.#rows.all().filter((owner) => owner.kind === kind);
  }

  /** Throws Refusal when there is one of this name. */
  async create(owner: Owner, allowance: Partial<Allowance>): Promise<void> {
    await this.#turns.take(async () => {
      if (this.get(owner.kind, owner.name) !== undefined) {
        throw new Refusal("invalid_request_error", `${owner.kind}_id: ${owner.name} exists already`);
      }
      await this.#put(owner, allowance, "created");
    });
  }

  /** `changed` is given the owner as it stands then. Throws Refusal when it has gone meanwhile. */
  async change(
    { kind, name }: Owner,
    changed: (now: Owner) => Owner,
    allowance: Partial<Allowance> = {},
  ): Promise<Owner> {
    return await this.#turns.take(async () => {
      const now = this.get(kind, name);
      if (now === undefined) throw new Refusal("not_found_error", `${kind}_id: was deleted meanwhile`);
      const owner = changed(now);
      await this.#put(owner, allowance, "changed");
      return owner;
    });
  }

  async remove(owner: Owner): Promise<void> {
    const id = ownerAccount(owner);
    await this.#turns.take(async () => {
      await this.#rows.remove(id, () => {
        this.#accounts.remove(id);
        this.#audit.record({ kind: "gateway.owner", action: "deleted", owner: id });
      });
    });
  }

  async #put(owner: Owner, allowance: Partial<Allowance>, action: "created" | "changed"): Promise<void> {
    const id = ownerAccount(owner);
    await this.#rows.put(id, owner, () => {
      this.#accounts.set(id, allowance);
      this.#audit.record({ kind: "gateway.owner", action, owner: id });
    });
  }
}

export function ownerAccount({ kind, name }: Pick<Owner, "kind" | "name">): string {
  return `${kind}:${name}`;
}

/** Which organisation pays: the key's own, or its team's. */
export function organizationAmong(accounts: readonly string[]): string | undefined {
  const prefix = ownerAccount({ kind: "organization", name: "" });
  return accounts.find((id) => id.startsWith(prefix))?.slice(prefix.length);
}

/** Who pays besides the key: its user, its team, and its organisation or its team's. */
export function ownersOf(owners: Owners, key: Pick<VirtualKey, "userId" | "teamId" | "organizationId">): Owner[] {
  const user = key.userId === null ? undefined : owners.get("user", key.userId);
  const team = key.teamId === null ? undefined : owners.get("team", key.teamId);
  const organizationId = key.organizationId ?? team?.organizationId ?? null;
  const organization = organizationId === null ? undefined : owners.get("organization", organizationId);
  return [user, team, organization].filter((owner) => owner !== undefined);
}
