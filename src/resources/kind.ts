// The contract of a resource kind. Each kind is one file that keeps to this order, runs nothing and knows no host:
// wanted, observed, id, needs, probe, read, compare, predict, touches, tasks, idempotent, sentence.
import type { z } from "zod";
import type { Json } from "../lib/canonical-json.ts";
import type { Answers, NoAnswer, Query } from "./query.ts";
import type { Step, Task } from "./step.ts";

/** `kind:id`, such as `file:/etc/motd`. */
export type Ref = `${string}:${string}`;

/** What may go wrong when a change is made, mildest first. */
export const risks = ["routine", "restart", "connectivity", "data-loss", "reboot"] as const;
export type Risk = (typeof risks)[number];

/** One fact a host must satisfy, with what surrounds it. `W` is the kind's wanted shape. */
export type Resource<W = unknown> = {
  readonly kind: string;
  readonly ref: Ref;
  /** The role that asks for it; changes are shown by role. */
  readonly role: string;
  readonly wanted: W;
  /** Resources that must be true first, besides those the kind itself names. */
  readonly needs: readonly Ref[];
  /** The least risk of any change to it. */
  readonly risk: Risk;
  /** Something that is already there and not ours may be changed (never removed later). */
  readonly adopt: boolean;
  /** The fact belongs to the machine's kernel, so a twin that shares a kernel cannot have it. Tells why. */
  readonly ownKernel?: string | undefined;
  /** What follows from it that a person should know; every plan says it, whether it changes or not. */
  readonly notes?: readonly string[] | undefined;
};

/** One difference between what is wanted and what is there. */
export type Difference = {
  /** What differs: `mode`, `content`, `enabled`. */
  readonly path: string;
  readonly from: Json;
  readonly to: Json;
};

/** What a kind's `compare` found, in the kind's own shapes. */
export type Change<W = unknown, O = unknown> = {
  readonly action: "create" | "update" | "remove";
  readonly ref: Ref;
  readonly id: string;
  /** Absent when the action is `remove`. */
  readonly wanted: W | undefined;
  readonly observed: O;
  readonly differences: readonly Difference[];
};

/** What `compare` answers: nothing to do, a change, or a reason why it must not be touched. */
export type Verdict =
  | { readonly verdict: "same" }
  | {
      readonly verdict: "differs";
      readonly action: "create" | "update";
      readonly differences: readonly Difference[];
      readonly risk: Risk;
    }
  | { readonly verdict: "refused"; readonly what: string; readonly fix: string };

/** What later resources of the same plan may take for granted once a change has been made. */
export type Facts = {
  /** Resources whose own state is empty now, since what holds them is only being brought. */
  readonly fresh?: readonly Ref[];
  /** Units that a package or unit file brings, with the state they will have. */
  readonly units?: Readonly<Record<string, { readonly enabled: boolean; readonly active: boolean }>>;
  /** Refs that were made anew, so what hangs on them must be made anew too. */
  readonly recreated?: readonly Ref[];
  /**
   * Files whose text was not as wanted: what reads them may have been started with what stood there.
   * `compare` is given only those that the resource needs.
   */
  readonly rewritten?: readonly Ref[];
};

/** What the dead-man must be able to put back. */
export type Touches = {
  readonly paths?: readonly string[];
  readonly units?: readonly string[];
  readonly tables?: readonly string[];
};

export type Kind<W = unknown, O = unknown> = {
  readonly kind: string;
  /** One sentence for the reference page. */
  readonly purpose: string;
  readonly wanted: z.ZodType<W>;
  readonly observed: z.ZodType<O>;
  /** Things of this kind may stand on a host without being ours: they are refused unless adopted. */
  readonly ownable: boolean;
  /** The least risk of a removal; routine where nothing is said. */
  readonly removalRisk?: Risk;
  /** How its normalised observation looks when it is not there. */
  readonly absent: O;
  id(wanted: W): string;
  needs(wanted: W): readonly Ref[];
  /** `wanted` is absent for what is owned and no longer wanted. */
  probe(id: string, wanted: W | undefined): readonly Query[];
  read(id: string, answers: Answers, wanted: W | undefined): O | NoAnswer;
  /** The observation as it will be when the earlier changes of the plan have been made. */
  foresee?(wanted: W, observed: O, facts: Facts): O;
  compare(wanted: W, observed: O, facts: Facts): Verdict;
  /** Is there something to remove? */
  isPresent(observed: O): boolean;
  predict(change: Change<W, O>): Facts;
  touches(change: Change<W, O>): Touches;
  /** The exact steps for all changes of this kind in one stage of a plan, coalesced. */
  tasks(changes: readonly Change<W, O>[]): readonly Step[];
  /** The same fact as one idempotent Ansible task (or few), for `demesne export ansible`. */
  idempotent(wanted: W): readonly Task[];
  sentence(change: Change<W, O>): string;
};

/** Two values for one path, when they differ. */
export function difference(path: string, from: Json, to: Json): Difference[] {
  return from === to ? [] : [{ path, from, to }];
}

export const same: Verdict = { verdict: "same" };
