// All kinds, in the order in which one stage makes their changes.
import { aptSource } from "./apt-source.ts";
import { check } from "./check.ts";
import { directory } from "./directory.ts";
import { file } from "./file.ts";
import { group } from "./group.ts";
import { image } from "./image.ts";
import type { Kind, Ref, Resource, Risk } from "./kind.ts";
import { network } from "./network.ts";
import { nftTable } from "./nft-table.ts";
import { packages } from "./package.ts";
import { stack } from "./stack.ts";
import { sysctl } from "./sysctl.ts";
import { unit } from "./unit.ts";
import { user } from "./user.ts";

// Each kind is written with its own shapes; here they meet as `unknown`, and `wanted` and `observed` schemas guard the doors.
export const kinds: readonly Kind[] = [
  aptSource,
  packages,
  group,
  user,
  directory,
  file,
  sysctl,
  nftTable,
  unit,
  image,
  network,
  stack,
  check,
] as readonly Kind[];

const byName = new Map(kinds.map((each) => [each.kind, each]));

/** Throws TypeError for a kind that does not exist: refs are only made here and read back from checked files. */
export function kindOf(ref: Ref): Kind {
  const found = byName.get(ref.slice(0, ref.indexOf(":")));
  if (found === undefined) throw new TypeError(`no such kind of resource: ${ref}`);
  return found;
}

/** The part of a ref behind the kind. */
export function idOf(ref: Ref): string {
  return ref.slice(ref.indexOf(":") + 1);
}

export type ResourceParts = {
  readonly needs?: readonly Ref[];
  readonly risk?: Risk;
  readonly adopt?: boolean;
  readonly ownKernel?: string | undefined;
  readonly notes?: readonly string[];
};

/** Makes a resource: checks and completes what is wanted by the kind's own schema. Throws ZodError: a bug in a role. */
export function resource(kind: string, role: string, wanted: unknown, parts: ResourceParts = {}): Resource {
  const known = kindOf(`${kind}:`);
  const parsed = known.wanted.parse(wanted);
  return {
    kind,
    ref: `${kind}:${known.id(parsed)}`,
    role,
    wanted: parsed,
    needs: [...known.needs(parsed), ...(parts.needs ?? [])],
    risk: parts.risk ?? "routine",
    adopt: parts.adopt ?? false,
    ...(parts.ownKernel === undefined ? {} : { ownKernel: parts.ownKernel }),
    ...(parts.notes === undefined ? {} : { notes: parts.notes }),
  };
}
