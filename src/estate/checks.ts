// Everything that is checked across the files of an estate, in the order in which an operator would mend it.
import { checkCompose } from "./check-compose.ts";
import { checkModels } from "./check-models.ts";
import { checkNetworks } from "./check-networks.ts";
import { checkPlacement } from "./check-placement.ts";
import { checkPorts } from "./check-ports.ts";
import { checkProfiles } from "./check-profiles.ts";
import { checkReferences } from "./check-references.ts";
import { at, type EstateFiles } from "./files.ts";
import type { Finding } from "./finding.ts";

/** All that is wrong between the files. `today` is YYYY-MM-DD. */
export function checks(files: EstateFiles, today: string): readonly Finding[] {
  return [
    ...by("reference", checkReferences(files)),
    ...by("profile", checkProfiles(files)),
    ...by("model", checkModels(files)),
    ...by("network", checkNetworks(files)),
    ...by("placement", checkPlacement(files)),
    ...by("port", checkPorts(files)),
    ...by(
      "compose",
      files.services.flatMap((service) => checkCompose(service, files)),
    ),
    ...by("waiver", checkWaivers(files, today)),
  ];
}

function by(rule: string, findings: readonly Finding[]): readonly Finding[] {
  return findings.map((finding) => ({ ...finding, rule }));
}

function checkWaivers({ estate }: EstateFiles, today: string): readonly Finding[] {
  return estate.value.waivers.flatMap((waiver, index) => {
    if (waiver.until >= today) return [];
    const what = `should be today or later, ran out on ${waiver.until}`;
    return [
      at(
        estate,
        ["waivers", index, "until"],
        what,
        `meet ${waiver.controls.join(", ")} and remove the waiver, or extend it`,
      ),
    ];
  });
}
