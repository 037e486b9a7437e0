// The models of the profiles: which data they may be sent, and who gets what cannot be cleaned.
import { endpointsOf, type Endpoint } from "./endpoints.ts";
import { at, type EstateFiles } from "./files.ts";
import type { Finding, Path } from "./finding.ts";
import { known } from "./known.ts";
import type { Profile, ProfileName } from "./profile.ts";

export function checkModels(files: EstateFiles): readonly Finding[] {
  const both: readonly ProfileName[] = ["cloud", "airgapped"];
  return [
    ...both.flatMap((name) => checkProfile(files, files.estate.value.profiles[name], ["profiles", name, "model"])),
    ...checkMedia(files),
    ...checkAnalyser(files),
  ];
}

function checkProfile(files: EstateFiles, { model }: Profile, path: Path): readonly Finding[] {
  return [
    ...endpointsOf(model).flatMap((endpoint) => checkClasses(files, endpoint, [...path, ...endpoint.at])),
    ...checkNames(files, model, path),
    ...checkFallback(files, model, path),
  ];
}

/** Keys that were issued by hand are of the class `default`, whether the estate lists it or not. */
function checkClasses({ estate }: EstateFiles, endpoint: Endpoint, path: Path): readonly Finding[] {
  const { dataClasses } = estate.value;
  const classes = [...new Set([...Object.keys(dataClasses), "default"])];
  return Object.entries(endpoint.dataClasses).flatMap(([alias, taken]) => [
    ...known(
      estate,
      [...path, "dataClasses", alias],
      alias,
      "one of the names of this model",
      Object.keys(endpoint.names),
    ),
    ...taken.flatMap((name, index) => {
      const where = [...path, "dataClasses", alias, index];
      if (endpoint.residency === "local" || dataClasses[name]?.hosted !== "never") {
        return known(estate, where, name, "a class of dataClasses", classes);
      }
      const what = `should be a class that leaves to a hosted model, ${name} never does`;
      return [at(estate, where, what, `take it out, or change \`hosted\` of ${name} under dataClasses`)];
    }),
  ]);
}

/** A client asks for a name and for nothing else. */
function checkNames({ estate }: EstateFiles, { names, local }: Profile["model"], path: Path): readonly Finding[] {
  return Object.keys(local?.names ?? {}).flatMap((alias) => {
    if (!Object.hasOwn(names, alias)) return [];
    const what = `should be a name of its own, ${alias} is the hosted model's`;
    return [at(estate, [...path, "local", "names", alias], what, "choose another name")];
  });
}

function checkFallback({ estate }: EstateFiles, model: Profile["model"], path: Path): readonly Finding[] {
  const { fallback, local, residency } = model;
  if (fallback === undefined) return [];
  const where = [...path, "fallback"];
  if (residency === "local") {
    const what = "should be left out: this model is local, and everything may go to it";
    return [at(estate, where, what, "take the line out")];
  }
  if (local === undefined) {
    const what = `should name a local model, and this profile has none`;
    return [at(estate, where, what, "add `local`, the model of your own that answers, or take the line out")];
  }
  return known(estate, where, fallback, "one of the names of the local model", Object.keys(local.names));
}

/** Nobody looks into an image: whoever is on it would leave. */
function checkMedia({ estate }: EstateFiles): readonly Finding[] {
  return Object.entries(estate.value.dataClasses).flatMap(([name, { personal, media }]) => {
    if (!personal || media === "refused") return [];
    const what = `should be refused, as ${name} may hold personal data and nobody looks into an image`;
    return [at(estate, ["dataClasses", name, "media"], what, "take the line out")];
  });
}

/** While free text is to leave, a service of ours that is to look at it must be there to answer. */
function checkAnalyser({ estate, services }: EstateFiles): readonly Finding[] {
  const { profile, profiles, privacy } = estate.value;
  const { hostname } = new URL(privacy.analyser ?? "http://nobody.invalid");
  const service = services.find(({ name }) => name === hostname)?.service;
  if (profiles[profile].model.residency === "local" || service === undefined || service.value.state === "live")
    return [];
  const what = `should be a live service under profile ${profile}, ${hostname} is dormant`;
  return [at(estate, ["privacy", "analyser"], what, `set state: live in ${service.file}`)];
}
