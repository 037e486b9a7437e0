// What the two profiles must be for their names to be true.
import { at, type EstateFiles } from "./files.ts";
import type { Finding } from "./finding.ts";
import type { ProfileName } from "./profile.ts";

export function checkProfiles(files: EstateFiles): readonly Finding[] {
  return [
    ...checkCorpus(files, "cloud"),
    ...checkCorpus(files, "airgapped"),
    ...checkAirgapped(files),
    ...checkLive(files),
    ...checkProviderKey(files, "cloud"),
    ...checkProviderKey(files, "airgapped"),
  ];
}

/** De-identified data only goes to a hosted model. */
function checkCorpus({ estate }: EstateFiles, name: ProfileName): readonly Finding[] {
  const { model, corpus } = estate.value.profiles[name];
  if (model.residency === "local" || estate.value.dataClasses[corpus.dataClass]?.personal !== true) return [];
  const what = `should be a class without personal data, as the model is hosted, got ${corpus.dataClass}`;
  return [at(estate, ["profiles", name, "corpus", "dataClass"], what, "choose a de-identified corpus")];
}

/** The gateway alone is given the model's key, unless the model is a service of ours: then that one has it too. */
function checkProviderKey({ estate, services }: EstateFiles, name: ProfileName): readonly Finding[] {
  const { secret, service: answering } = estate.value.profiles[name].model;
  return services
    .filter((service) => service.name !== answering)
    .flatMap(({ service }) =>
      (["keys", "secrets"] as const).flatMap((list) =>
        service.value[list].flatMap(({ from }, index) => {
          if (from !== secret) return [];
          const what = `should not be the key of the model under profile ${name}: the gateway alone is given it`;
          return [at(service, [list, index, "from"], what, "give the service a virtual key, under keys")];
        }),
      ),
    );
}

function checkAirgapped({ estate }: EstateFiles): readonly Finding[] {
  const { model, artefacts } = estate.value.profiles.airgapped;
  const path = ["profiles", "airgapped"];
  return [
    ...(model.residency === "local"
      ? []
      : [
          at(
            estate,
            [...path, "model", "residency"],
            `should be local without egress, got ${model.residency}`,
            "name a model of your own",
          ),
        ]),
    ...(artefacts.kind === "bundle"
      ? []
      : [
          at(
            estate,
            [...path, "artefacts", "kind"],
            `should be bundle without egress, got ${artefacts.kind}`,
            "name the folder of the imported bundle",
          ),
        ]),
  ];
}

/** The service that answers for the profile in force must be there to answer. */
function checkLive({ estate, services }: EstateFiles): readonly Finding[] {
  const { profile, profiles } = estate.value;
  const name = profiles[profile].model.service;
  const service = services.find((candidate) => candidate.name === name)?.service;
  if (service === undefined || service.value.state === "live") return [];
  const what = `should be a live service under profile ${profile}, ${name} is dormant`;
  return [
    at(estate, ["profiles", profile, "model", "service"], what, `set state: live in ${service.file} and for its host`),
  ];
}
