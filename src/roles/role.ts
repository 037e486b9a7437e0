// What a role is given and what it answers.
import type { Estate, EstateHost } from "../estate/index.ts";
import type { Resource } from "../resources/index.ts";

export type RoleInput = {
  readonly estate: Estate;
  readonly host: EstateHost;
  /** Keyed digest of a text made of one secret: `{}` in the template stands for it. */
  readonly secretDigest: (name: string, template: string) => string;
  /** Text of the dead-man's program. */
  readonly deadmanProgram: string;
  /** Services that are not run here, with the reason (a rehearsal). */
  readonly skipped: ReadonlyMap<string, string>;
};

export type Role = (input: RoleInput) => readonly Resource[];

/** The reason why a control is waived, if it is. */
export function waiver(estate: Estate, control: string): string | undefined {
  return estate.waivers.find((each) => each.control === control)?.reason;
}
