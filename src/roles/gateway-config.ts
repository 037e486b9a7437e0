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
  return [...upstream, ...serviceKeys(estate).map(({ file, from }) => mounted(file, from))];
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
  });
  return `# Written by Demesne from the estate.\n${stringify(config)}`;
}

function serviceKeys(estate: Estate) {
  const live = estate.services.filter((each) => each.state === "live");
  return live.flatMap(({ name: service, keys }) =>
    keys.map(({ name, from, models }) => ({
      name: `${service}/${name}`,
      file: `key_${service}_${name}`,
      from,
      models,
    })),
  );
}

function mounted(file: string, secret: string): SecretFile {
  return { file, secret, template: "{}", as: "mount" };
}
