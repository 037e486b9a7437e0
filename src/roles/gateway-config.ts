// The gateway's configuration: the profile's side of the seam, and the virtual keys of the estate's services.
import { stringify } from "yaml";
import type { Estate } from "../estate/index.ts";
import { GatewayConfig } from "../gateway/config.ts";
import type { SecretFile } from "./service.ts";

const UPSTREAM_KEY = "upstream_key";

/** The only place to which the provider's key is given; and every key by which a service is known. */
export function gatewaySecrets(estate: Estate): SecretFile[] {
  const { secret } = estate.seam.model;
  const upstream = secret === undefined ? [] : [mounted(UPSTREAM_KEY, secret)];
  const names = dictionaries(estate).map(({ file, secret: from }) => mounted(file, from));
  return [...upstream, ...serviceKeys(estate).map(({ file, from }) => mounted(file, from)), ...names];
}

export function gatewayConfig(estate: Estate): string {
  const { model } = estate.seam;
  const key = model.secret === undefined ? {} : { keyFile: `/run/secrets/${UPSTREAM_KEY}` };
  const routes = Object.entries(model.names).map(([alias, name]) => [
    alias,
    { upstream: model.url, dialect: model.dialect, model: name, residency: model.residency, ...key },
  ]);
  const keys = serviceKeys(estate).map(({ name, file, models }) => [
    name,
    { keyFile: `/run/secrets/${file}`, models: [...models] },
  ]);
  const config = GatewayConfig.parse({
    format: 1,
    listen: "0.0.0.0:4000",
    management: "/run/demesne-gateway/management.sock",
    state: "/var/lib/demesne-gateway",
    routes: Object.fromEntries(routes),
    serviceKeys: Object.fromEntries(keys),
    auditDays: estate.retention.auditDays,
    privacy: privacyOf(estate),
  });
  return ["# Written by Demesne from the estate.", ...staying(estate), stringify(config)].join("\n");
}

/** What may leave, by the classes of the estate: a service's keys are of the service's class. */
function privacyOf(estate: Estate): object {
  const { analyser } = estate.privacy;
  return {
    classes: Object.fromEntries(estate.dataClasses.map(({ name, hosted }) => [name, { hosted }])),
    keys: Object.fromEntries(serviceKeys(estate).map(({ name, dataClass }) => [name, dataClass])),
    dictionaries: dictionaries(estate).map(({ kind, file }) => ({ kind, file: `/run/secrets/${file}` })),
    ...(analyser === undefined ? {} : { analyser: { url: analyser } }),
  };
}

/** Said where the plan shows it: classes that a hosted model never gets. */
function staying(estate: Estate): string[] {
  if (estate.seam.model.residency === "local") return [];
  return estate.dataClasses.flatMap(({ name, hosted }) => {
    if (hosted === "never") return [`# Data of class ${name} does not leave to hosted models.`];
    if (hosted === "masked" || estate.privacy.analyser !== undefined) return [];
    return [`# Data of class ${name} is free text and does not leave to hosted models: there is no analyser.`];
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
