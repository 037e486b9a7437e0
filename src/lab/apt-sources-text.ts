// The sources file of a twin: the release's own suites from this machine's mirror, as a real host of the release has them.
import { asHttp } from "./apt-proxy.ts";
import type { Archive } from "./mirror.ts";
import type { Release } from "./releases.ts";

export function aptSourcesText(release: Release, archive: Archive, keyring: string): string {
  const main = stanza(archive.main, release.suites, release.components, keyring);
  const security = archive.security;
  return security === undefined
    ? main
    : `${main}\n${stanza(security, [release.securitySuite], release.components, keyring)}`;
}

function stanza(uri: string, suites: readonly string[], components: readonly string[], keyring: string): string {
  return [
    "Types: deb",
    `URIs: ${asHttp(uri)}`,
    `Suites: ${suites.join(" ")}`,
    `Components: ${components.join(" ")}`,
    `Signed-By: ${keyring}`,
    "",
  ].join("\n");
}
