// What the two profiles must be for their names to be true.
import { endpointsOf } from "./endpoints.ts";
import { at, type EstateFiles, type ServiceFiles } from "./files.ts";
import type { Finding, Path } from "./finding.ts";
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

/** The gateway alone is given a model's key, unless the model is a service of ours: then that one has it too. */
function checkProviderKey({ estate, services }: EstateFiles, name: ProfileName): readonly Finding[] {
  return endpointsOf(estate.value.profiles[name].model).flatMap(({ secret, service: answering }) =>
    services
      .filter((service) => service.name !== answering)
      .flatMap(({ service }) => keysOf(service, secret))
      .map(([service, path]) => {
        const what = `should not be the key of the model under profile ${name}: the gateway alone is given it`;
        return at(service, path, what, "give the service a virtual key, under keys");
      }),
  );
}

/** Where a service asks for this secret. */
function keysOf(service: ServiceFiles["service"], secret: string | undefined): [ServiceFiles["service"], Path][] {
  return (["keys", "secrets"] as const).flatMap((list) =>
    service.value[list].flatMap(({ from }, index): [ServiceFiles["service"], Path][] =>
      from === secret ? [[service, [list, index, "from"]]] : [],
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

/** The services that answer for the profile in force must be there to answer. */
function checkLive({ estate, services }: EstateFiles): readonly Finding[] {
  const { profile, profiles } = estate.value;
  return endpointsOf(profiles[profile].model).flatMap(({ service: name, at: below }) => {
    const service = services.find((candidate) => candidate.name === name)?.service;
    if (service === undefined || service.value.state === "live") return [];
    const what = `should be a live service under profile ${profile}, ${name} is dormant`;
    const path = ["profiles", profile, "model", ...below, "service"];
    return [at(estate, path, what, `set state: live in ${service.file} and for its host`)];
  });
}
