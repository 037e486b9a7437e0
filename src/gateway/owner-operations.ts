// LiteLLM's /user and /team calls.
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { keyOperations } from "./key-operations.ts";
import { accountOf, type VirtualKey } from "./keyring.ts";
import { allowanceOf, isoOrNull, parseInput, shownTerms, termsFields, termsOf } from "./management-input.ts";
import type { ManagementCall, ManagementDesk } from "./management.ts";
import { ownerAccount, ownersOf, type Owner } from "./owners.ts";
import { Refusal } from "./refusal.ts";

const name = z.string().min(1).max(200);

const User = z.strictObject({
  ...termsFields,
  user_id: name.optional().meta({ description: "Made up when left out" }),
  user_alias: name.nullable().optional().meta({ description: "A name for people" }),
  auto_create_key: z.boolean().optional().meta({ description: "Also issue a key (the default)" }),
});

const Team = z.strictObject({
  ...termsFields,
  team_id: name.optional().meta({ description: "Made up when left out" }),
  team_alias: name.nullable().optional().meta({ description: "A name for people" }),
  members_with_roles: z
    .array(z.strictObject({ user_id: name, role: z.enum(["admin", "user"]) }))
    .optional()
    .meta({ description: "Who belongs to it" }),
  organization_id: name.nullable().optional().meta({ description: "The organisation that pays too" }),
});

const Organization = z.strictObject({
  ...termsFields,
  organization_id: name.optional().meta({ description: "Made up when left out" }),
  organization_alias: name.nullable().optional().meta({ description: "A name for people" }),
});

const UserNamed = z.strictObject({ user_id: name });
const TeamNamed = z.strictObject({ team_id: name });
const OrganizationNamed = z.strictObject({ organization_id: name });

export const ownerOperations: Readonly<Record<string, ManagementCall>> = {
  "POST /user/new": async (desk, input) => {
    const asked = parseInput(User, input);
    const owner = newOwner(desk, "user", asked.user_id, asked.user_alias ?? null, asked);
    await desk.owners.create(owner, allowanceOf(asked));
    if (asked.auto_create_key === false) return shown(desk, owner);
    const issued = await keyOperations["POST /key/generate"]?.(desk, { user_id: owner.name });
    return { ...issued, ...shown(desk, owner) };
  },
  "POST /user/update": async (desk, input) => {
    const asked = parseInput(User.required({ user_id: true }), input);
    return await change(desk, found(desk, "user", asked.user_id), asked.user_alias, asked);
  },
  "POST /user/delete": async (desk, input) => {
    const { user_ids: ids } = parseInput(z.strictObject({ user_ids: z.array(name).min(1) }), input);
    return await remove(desk, "user", ids);
  },
  "GET /user/info": (desk, input) => {
    const owner = found(desk, "user", parseInput(UserNamed, input).user_id);
    return { user_id: owner.name, user_info: shown(desk, owner), keys: keysOf(desk, owner) };
  },
  "POST /team/new": async (desk, input) => {
    const asked = parseInput(Team, input);
    const owner = {
      ...newOwner(desk, "team", asked.team_id, asked.team_alias ?? null, asked),
      members: asked.members_with_roles ?? [],
      organizationId: organizationOf(desk, asked.organization_id ?? null),
    };
    await desk.owners.create(owner, allowanceOf(asked));
    return shown(desk, owner);
  },
  "POST /team/update": async (desk, input) => {
    const asked = parseInput(Team.required({ team_id: true }), input);
    const more = {
      ...(asked.members_with_roles === undefined ? {} : { members: asked.members_with_roles }),
      ...(asked.organization_id === undefined ? {} : { organizationId: organizationOf(desk, asked.organization_id) }),
    };
    return await change(desk, found(desk, "team", asked.team_id), asked.team_alias, asked, more);
  },
  "POST /team/delete": async (desk, input) => {
    const { team_ids: ids } = parseInput(z.strictObject({ team_ids: z.array(name).min(1) }), input);
    return await remove(desk, "team", ids);
  },
  "POST /team/block": async (desk, input) => await blockTeam(desk, input, true),
  "POST /team/unblock": async (desk, input) => await blockTeam(desk, input, false),
  "GET /team/info": (desk, input) => {
    const owner = found(desk, "team", parseInput(TeamNamed, input).team_id);
    return { team_id: owner.name, team_info: shown(desk, owner), keys: keysOf(desk, owner) };
  },
  "POST /organization/new": async (desk, input) => {
    const asked = parseInput(Organization, input);
    const owner = newOwner(desk, "organization", asked.organization_id, asked.organization_alias ?? null, asked);
    await desk.owners.create(owner, allowanceOf(asked));
    return shown(desk, owner);
  },
  "POST /organization/update": async (desk, input) => {
    const asked = parseInput(Organization.required({ organization_id: true }), input);
    return await change(desk, found(desk, "organization", asked.organization_id), asked.organization_alias, asked);
  },
  "POST /organization/delete": async (desk, input) => {
    const { organization_ids: ids } = parseInput(z.strictObject({ organization_ids: z.array(name).min(1) }), input);
    const team = desk.owners.list("team").find(({ organizationId }) => ids.includes(organizationId ?? ""));
    if (team !== undefined) {
      throw new Refusal(
        "invalid_request_error",
        `organization_ids: team ${team.name} still belongs to ${team.organizationId}`,
      );
    }
    return await remove(desk, "organization", ids);
  },
  "GET /organization/info": (desk, input) => {
    const owner = found(desk, "organization", parseInput(OrganizationNamed, input).organization_id);
    return { ...shown(desk, owner), keys: keysOf(desk, owner) };
  },
};

/** Throws Refusal when there is no such organisation. */
function organizationOf(desk: ManagementDesk, id: string | null): string | null {
  return id === null ? null : found(desk, "organization", id).name;
}

function newOwner(
  desk: ManagementDesk,
  kind: Owner["kind"],
  id: string | undefined,
  alias: string | null,
  asked: Parameters<typeof termsOf>[0],
): Owner {
  const made = { alias, members: [], organizationId: null, createdAt: desk.clock.now() };
  return { ...termsOf(asked), kind, name: id ?? randomUUID(), ...made };
}

async function change(
  desk: ManagementDesk,
  before: Owner,
  alias: string | null | undefined,
  asked: Parameters<typeof termsOf>[0],
  more: Partial<Owner> = {},
): Promise<object> {
  const named = alias === undefined ? {} : { alias };
  const changed = (now: Owner): Owner => ({ ...now, ...more, ...termsOf(asked, now), ...named });
  const owner = await desk.owners.change(before, changed, allowanceOf(asked));
  if (owner.blocked) endAll(desk, owner, rowsOf(desk, owner), "blocked");
  return shown(desk, owner);
}

async function blockTeam(desk: ManagementDesk, input: object, blocked: boolean): Promise<object> {
  const owner = found(desk, "team", parseInput(TeamNamed, input).team_id);
  return await change(desk, owner, undefined, { blocked });
}

/** Their keys go with them. */
async function remove(desk: ManagementDesk, kind: Owner["kind"], ids: readonly string[]): Promise<object> {
  const owners = ids.map((id) => found(desk, kind, id));
  for (const owner of owners) {
    const rows = rowsOf(desk, owner);
    for (const row of rows) await desk.keyring.remove(row);
    endAll(desk, owner, rows, "deleted");
    await desk.owners.remove(owner);
  }
  return { [`deleted_${kind}s`]: owners.map((owner) => owner.name) };
}

/** What it pays for, and what its keys began before they were its. */
function endAll(desk: ManagementDesk, owner: Owner, rows: readonly VirtualKey[], what: string): void {
  const payers = [ownerAccount(owner), ...rows.map(accountOf)];
  for (const payer of payers) desk.inFlight.end(payer, `this key's ${owner.kind} was ${what}`);
}

/** The keys that it pays for. */
function rowsOf(desk: ManagementDesk, owner: Owner) {
  const account = ownerAccount(owner);
  return desk.keyring.list().filter((row) => ownersOf(desk.owners, row).some((one) => ownerAccount(one) === account));
}

function keysOf(desk: ManagementDesk, owner: Owner): object[] {
  return rowsOf(desk, owner).map(({ hash, name: keyName, alias }) => ({
    token: hash,
    key_name: keyName,
    key_alias: alias,
  }));
}

function found(desk: ManagementDesk, kind: Owner["kind"], id: string): Owner {
  const owner = desk.owners.get(kind, id);
  if (owner === undefined) throw new Refusal("not_found_error", `no such ${kind}`);
  return owner;
}

function shown(desk: ManagementDesk, owner: Owner): object {
  return {
    ...shownTerms(owner, desk.budgets.look(ownerAccount(owner))),
    [`${owner.kind}_id`]: owner.name,
    [`${owner.kind}_alias`]: owner.alias,
    ...(owner.kind === "team" ? { members_with_roles: owner.members, organization_id: owner.organizationId } : {}),
    created_at: isoOrNull(owner.createdAt),
  };
}
