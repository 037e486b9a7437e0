// What approval a plan asks for: each risk that it holds, and what the estate's rules say of that risk. Pure.
import { z } from "zod";
import { risks, type Risk } from "../resources/index.ts";

export const Need = z.strictObject({
  risk: z.enum(risks).meta({ description: "A risk that the plan holds" }),
  people: z.int().min(1).meta({ description: "How many distinct people must approve" }),
  author: z.boolean().meta({ description: "Does the plan's author count as one of them?" }),
  key: z.enum(["any", "touched", "verified"]).meta({
    description:
      "any key; a FIDO key that was touched; a FIDO key that was touched and knew its user (PIN, fingerprint)",
  }),
});
export type Need = z.infer<typeof Need>;

/** What the estate asks for each risk; nobody, for a risk with 0 people. */
export type ApprovalRules = Readonly<Record<Risk, Readonly<Omit<Need, "risk">>>>;

type Risky = { readonly changes: readonly { readonly risk: Risk }[] };

/** The needs of a plan of these hosts, the gravest risk first. A plan without changes is routine. */
export function approvalNeeds(hosts: readonly Risky[], rules: ApprovalRules): Need[] {
  const held = new Set<Risk>(hosts.flatMap((host) => host.changes.map((each) => each.risk)));
  if (held.size === 0) held.add("routine");
  return risks
    .filter((risk) => held.has(risk) && rules[risk].people > 0)
    .map((risk) => ({ risk, ...rules[risk] }))
    .toReversed();
}

/** `2 people besides the author, each with a touched FIDO key` */
export function needInWords({ people, author, key }: Omit<Need, "risk">): string {
  const who = `${people} ${people === 1 ? "person" : "people"}${author ? "" : " besides the author, who signs too"}`;
  return key === "any" ? who : `${who}, ${people === 1 ? "" : "each "}with ${KEYS[key]}`;
}

const KEYS = {
  touched: "a FIDO key that is touched",
  verified: "a FIDO key that is touched and knows its user",
} as const;
