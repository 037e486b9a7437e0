// Finds the archive of a release behind the mirrors this machine's apt is set up with. No host is written down here.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { type AptFile, type AptSource, parseAptSources } from "./apt-sources.ts";
import type { Release } from "./releases.ts";

export const Archive = z.strictObject({
  main: z.string().meta({ description: "Base URI of the release's packages" }),
  security: z
    .string()
    .optional()
    .meta({ description: "Base URI of its security updates, if this machine's apt knows one" }),
  signedBy: z
    .string()
    .optional()
    .meta({ description: "Keyring file or armored block this machine trusts for it; else the distribution's own" }),
});
export type Archive = Readonly<z.infer<typeof Archive>>;

/** Does this URI answer with 200? */
export type Reach = (uri: string) => Promise<boolean>;

const APT = "/etc/apt";

/** What this machine's apt is set up with; mirror lists in files are opened. */
export function machineSources(root = APT): AptSource[] {
  const folder = join(root, "sources.list.d");
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const files = [join(root, "sources.list"), ...names.map((name) => join(folder, name))];
  return parseAptSources(files.filter((file) => existsSync(file)).map(readAptFile)).flatMap(openMirrorList);
}

/** The release's archive, or undefined when none of the mirrors carries it. */
export async function findArchive(
  release: Release,
  sources: readonly AptSource[],
  reach: Reach,
): Promise<Archive | undefined> {
  const web = sources.filter((source) => /^https?:/.test(source.uri));
  const main = await firstWith(release.codename, web, reach);
  if (main === undefined) return undefined;
  const security = await firstWith(release.securitySuite, web, reach);
  return { main: main.uri, security: security?.uri, signedBy: main.signedBy };
}

async function firstWith(suite: string, sources: readonly AptSource[], reach: Reach): Promise<AptSource | undefined> {
  for (const source of sources) {
    if (await reach(`${source.uri}/dists/${suite}/InRelease`)) return source;
  }
  return undefined;
}

function readAptFile(file: string): AptFile {
  return { name: file, text: readFileSync(file, "utf8") };
}

function openMirrorList(source: AptSource): AptSource[] {
  const list = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(source.uri)?.[1];
  if (list === undefined) return [source];
  if (!existsSync(list)) return [];
  const uris = readFileSync(list, "utf8")
    .split("\n")
    .flatMap((line) => /^\s*([a-z+]+:\S+)/.exec(line)?.[1] ?? []);
  return uris.map((uri) => ({ ...source, uri: uri.replace(/\/+$/, "") }));
}
