// The gateway's configuration: the profile's side of the seam, and the virtual keys of the estate's services.
import { stringify } from "yaml";
import { endpointsOf, type Endpoint, type Estate } from "../estate/index.ts";
import { GatewayConfig } from "../gateway/config.ts";
import type { SecretFile } from "./service.ts";

/** The only place to which the models' keys are given; and every key by which a service is known. */
export function gatewaySecrets(estate: Estate): SecretFile[] {
  const upstream = endpointsOf(estate.seam.model).flatMap((endpoint) =>
    endpoint.secret === undefined ? [] : [mounted(upstreamKey(endpoint), endpoint.secret)],
  );
  const names = dictionaries(estate).map(({ file, secret: from }) => mounted(file, from));
  return [...upstream, ...serviceKeys(estate).map(({ file, from }) => mounted(file, from)), ...names];
}

export function gatewayConfig(estate: Estate): string {
  const keys = serviceKeys(estate).map(({ name, file, models }) => [
    name,
    { keyFile: `/run/secrets/${file}`, models: withFallback(estate, models) },
  ]);
  const config = GatewayConfig.parse({
    format: 1,
    listen: "0.0.0.0:4000",
    management: "/run/demesne-gateway/management.sock",
    state: "/var/lib/demesne-gateway",
    routes: Object.fromEntries(endpointsOf(estate.seam.model).flatMap(routesTo)),
    serviceKeys: Object.fromEntries(keys),
    auditDays: estate.retention.auditDays,
    privacy: privacyOf(estate),
  });
  const notes = gatewayNotes(estate).map((note) => `# ${note}.`);
  return ["# Written by Demesne from the estate.", ...notes, stringify(config)].join("\n");
}

function routesTo(endpoint: Endpoint): [string, object][] {
  const { url, dialect, residency, secret, images, names, dataClasses } = endpoint;
  const key = secret === undefined ? {} : { keyFile: `/run/secrets/${upstreamKey(endpoint)}` };
  return Object.entries(names).map(([alias, model]) => {
    const taken = dataClasses[alias];
    const classes = taken === undefined ? {} : { dataClasses: [...taken] };
    return [alias, { upstream: url, dialect, model, residency, ...key, ...classes, worker: { images } }];
  });
}

/** A key that may ask for some models may have what it sends answered by the local one. */
function withFallback({ seam }: Estate, models: readonly string[]): string[] {
  const { fallback } = seam.model;
  return models.length === 0 || fallback === undefined ? [...models] : [...new Set([...models, fallback])];
}

function upstreamKey({ at }: Endpoint): string {
  return [...at, "upstream_key"].join("_");
}

/** What may leave, by the classes of the estate: a service's keys are of the service's class. */
function privacyOf(estate: Estate): object {
  const { analyser } = estate.privacy;
  const { fallback } = estate.seam.model;
  return {
    classes: Object.fromEntries(estate.dataClasses.map(({ name, hosted, media }) => [name, { hosted, media }])),
    keys: Object.fromEntries(serviceKeys(estate).map(({ name, dataClass }) => [name, dataClass])),
    dictionaries: dictionaries(estate).map(({ kind, file }) => ({ kind, file: `/run/secrets/${file}` })),
    ...(analyser === undefined ? {} : { analyser: { url: analyser } }),
    ...(fallback === undefined ? {} : { fallback }),
  };
}

/** What a person who reads the plan must know: classes that a hosted model never gets, and what becomes of them. */
export function gatewayNotes({ seam, dataClasses, privacy }: Estate): string[] {
  const { residency, fallback } = seam.model;
  if (residency === "local") return [];
  const instead = fallback === undefined ? "requests with it are refused" : `it goes to ${fallback} instead`;
  return dataClasses.flatMap(({ name, hosted }) => {
    if (hosted === "never") return [`data of class ${name} does not leave to hosted models: ${instead}`];
    if (hosted === "masked" || privacy.analyser !== undefined) return [];
    return [
      `data of class ${name} is free text and does not leave to hosted models, as there is no analyser: ${instead}`,
    ];
  });
}

function dictionaries(estate: Estate) {
  return Object.entries(estate.privacy.dictionaries).flatMap(([kind, secret]) =>
    secret === undefined ? [] : [{ kind, secret, file: `names_${kind}` }],
  );
}

function serviceKeys(estate: Estate) {
  const live = estate.services.filter((each) => each.state === "live");
  return live.flatMap(({ name: service, dataClass, keys }) =>
    keys.map(({ name, from, models }) => ({
      name: `${service}/${name}`,
      file: `key_${service}_${name}`,
      from,
      models,
      dataClass,
    })),
  );
}

function mounted(file: string, secret: string): SecretFile {
  return { file, secret, template: "{}", as: "mount" };
}
