// The order of things: what is needed comes first, and what can run together is one batch.
import { kinds, type Ref } from "../resources/index.ts";

type Ordered = { readonly ref: Ref; readonly kind: string; readonly needs: readonly Ref[] };

const rank = new Map(kinds.map((each, index) => [each.kind, index]));

/**
 * Batches in which every item comes after all that it needs. A batch is of one kind, and as large as it can be,
 * since the items of a batch become few steps. Needs outside the list do not count. Ties go by kind, then by ref.
 * Throws TypeError on a circle, naming it: a bug in a role.
 */
export function batches<T extends Ordered>(items: readonly T[]): T[][] {
  const pending = new Map(items.map((each) => [each.ref, each]));
  const result: T[][] = [];
  while (pending.size > 0) {
    const before = pending.size;
    for (const { kind } of kinds) {
      const ready = [...pending.values()].filter(
        (each) => each.kind === kind && !each.needs.some((ref) => pending.has(ref)),
      );
      if (ready.length === 0) continue;
      for (const each of ready) pending.delete(each.ref);
      result.push(ready.sort((a, b) => (a.ref < b.ref ? -1 : 1)));
    }
    if (pending.size === before)
      throw new TypeError(`resources need each other in a circle: ${[...pending.keys()].join(", ")}`);
  }
  return result;
}

/** Removals go the other way: last kind first, deeper paths first. */
export function removalOrder(a: Ordered, b: Ordered): number {
  const byKind = (rank.get(b.kind) ?? 0) - (rank.get(a.kind) ?? 0);
  if (byKind !== 0) return byKind;
  return a.ref < b.ref ? 1 : -1;
}
