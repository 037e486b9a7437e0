// The gateway's configuration, from the profile's side of the seam.
import { stringify } from "yaml";
import type { Estate } from "../estate/index.ts";
import { GatewayConfig } from "../gateway/index.ts";
import type { SecretFile } from "./service.ts";

const UPSTREAM_KEY = "upstream_key";

/** The only place to which the provider's key is given. */
export function gatewaySecrets({ seam: { model } }: Estate): SecretFile[] {
  return model.secret === undefined ? [] : [{ file: UPSTREAM_KEY, secret: model.secret, template: "{}", as: "mount" }];
}

export function gatewayConfig({ seam: { model } }: Estate): string {
  const key = model.secret === undefined ? {} : { keyFile: `/run/secrets/${UPSTREAM_KEY}` };
  const routes = Object.entries(model.names).map(([alias, name]) => [
    alias,
    { upstream: model.url, dialect: model.dialect, model: name, residency: model.residency, ...key },
  ]);
  const config = GatewayConfig.parse({
    format: 1,
    listen: "0.0.0.0:4000",
    management: "/run/demesne-gateway/management.sock",
    state: "/var/lib/demesne-gateway",
    routes: Object.fromEntries(routes),
  });
  return `# Written by Demesne from estate.yaml.\n${stringify(config)}`;
}
