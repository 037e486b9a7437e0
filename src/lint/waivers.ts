// Waivers of lint's own rules let a finding pass openly: it stays in the list, with its reason and its last day.
import type { EstateFiles } from "../estate/inspect.ts";
import { nearest } from "../estate/inspect.ts";
import { at, type LintFinding } from "./finding.ts";
import { waivedRule } from "./rules.ts";

type Waiver = EstateFiles["estate"]["value"]["waivers"][number];

/** The findings, those marked that a waiver covers. */
export function waive(
  findings: readonly LintFinding[],
  { estate }: EstateFiles,
  today: string,
): readonly LintFinding[] {
  const counting = estate.value.waivers.filter(({ until }) => until >= today);
  return findings.map((finding) => {
    const waiver = counting.find(({ controls }) => controls.some((control) => control === finding.control));
    if (waiver === undefined) return finding;
    return { ...finding, waived: { reason: waiver.reason, until: waiver.until } };
  });
}

/** Waivers of what nobody knows, and of what is not there. `controls` are those of the hosts' roles. */
export function checkWaivers(
  findings: readonly LintFinding[],
  { estate, services }: EstateFiles,
  controls: ReadonlySet<string>,
): readonly LintFinding[] {
  const known = new Set(services.map(({ name }) => name));
  return eachControl(estate.value.waivers).flatMap(({ control, path }) => {
    if (controls.has(control)) return [];
    const waived = waivedRule(control);
    if (waived === undefined || !known.has(waived.service)) {
      return [
        at("unknown-waiver", [estate, path], {
          what: `should name a control, got ${control}`,
          fix: adviceOn(control, controls),
        }),
      ];
    }
    if (findings.some((finding) => finding.control === control)) return [];
    const told = { what: `should waive something, ${waived.service} meets ${waived.rule}`, fix: "remove it" };
    return [at("unused-waiver", [estate, path], told)];
  });
}

function eachControl(waivers: readonly Waiver[]) {
  return waivers.flatMap((waiver, index) =>
    waiver.controls.map((control, each) => ({ control, path: ["waivers", index, "controls", each] })),
  );
}

function adviceOn(control: string, controls: ReadonlySet<string>): string {
  const near = nearest(control, [...controls]);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  return "use sysctl/KEY, ssh-hardening/SETTING, or lint/RULE/SERVICE for a rule that docs/lint.md says can be waived";
}
