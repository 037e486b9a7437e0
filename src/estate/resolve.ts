// Files -> Estate: the profile's side of the seam taken, maps made into sorted lists, images named by digest.
import type { ComposeFile } from "./compose-file.ts";
import { endpointsOf } from "./endpoints.ts";
import type { Estate, EstateService, Image, SecretRef, Tier } from "./estate.ts";
import type { EstateFiles, Parsed, ServiceFiles } from "./files.ts";
import { imageOf } from "./image.ts";
import type { ProfileName } from "./profile.ts";
import { DIGEST_KEY } from "./secrets-file.ts";

export type ResolveOptions = {
  readonly root: string;
  readonly profile: ProfileName;
  readonly inputs: Estate["inputs"];
};

/** The estate that the files describe under a profile. The files have passed the checks. */
export function resolve(files: EstateFiles, options: ResolveOptions): Estate {
  const { profiles, dataClasses, tiers, accounts, waivers, ...rest } = files.estate.value;
  return {
    ...rest,
    root: options.root,
    profile: options.profile,
    seam: profiles[options.profile],
    dataClasses: named(dataClasses),
    tiers: tierList(tiers),
    accounts: named(accounts),
    waivers: waivers.flatMap(({ controls, ...waiver }) => controls.map((control) => ({ control, ...waiver }))),
    hosts: sorted(files.hosts.value.hosts).map(([id, host]) => ({ id, ...host })),
    services: files.services.map((service) => resolveService(service, files)),
    imagesLock: files.imagesLock.value.images,
    secretRefs: secretRefs(files),
    signers: files.signers,
    inputs: options.inputs,
  };
}

function sorted<T>(map: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}

function named<T extends object>(map: Readonly<Record<string, T>>): ({ name: string } & T)[] {
  return sorted(map).map(([name, entry]) => ({ name, ...entry }));
}

function tierList(tiers: EstateFiles["estate"]["value"]["tiers"]): Tier[] {
  const names = ["team", "guest", "agent"] as const;
  return names.flatMap((name) => {
    const networks = tiers[name];
    return networks === undefined ? [] : [{ name, ...networks }];
  });
}

function resolveService(files: ServiceFiles, estate: EstateFiles): EstateService {
  const { build: _, files: __, ...service } = files.service.value;
  return {
    name: files.name,
    ...service,
    containers: sorted(files.compose.value.services).map(([name, container]) => ({
      name,
      image: resolveImage(container.image, estate),
    })),
    files: files.texts,
    compose: { path: files.compose.file, document: files.compose.value, lines: linesOf(files.compose) },
  };
}

function resolveImage(text: string, files: EstateFiles): Image {
  const image = imageOf(text);
  if (image.kind === "pinned") return image;
  // A name with a registry in it says where the built image was pushed.
  const ref = image.name.includes("/") ? image.name : undefined;
  return { kind: "build", build: "demesne-gateway", ref, digest: files.imagesLock.value.images[image.name] };
}

/** The line of every key and item, by path: what a later check needs to point at the file. */
function linesOf(compose: Parsed<ComposeFile>): Record<string, number> {
  const lines: Record<string, number> = {};
  const visit = (value: unknown, path: readonly (string | number)[]): void => {
    if (path.length > 0) lines[path.join("/")] = compose.lineOf(path);
    if (typeof value !== "object" || value === null) return;
    const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    for (const [key, member] of members) visit(member, [...path, key]);
  };
  visit(compose.value, []);
  return lines;
}

/** Under either profile: what a profile needs is not to differ by the profile in force. */
function secretRefs(files: EstateFiles): SecretRef[] {
  const users = new Map<string, string[]>();
  const use = (secret: string, by: string): unknown => users.set(secret, [...(users.get(secret) ?? []), by]);
  use(DIGEST_KEY, "plans");
  for (const [profile, { model }] of Object.entries(files.estate.value.profiles)) {
    for (const { secret, at } of endpointsOf(model)) {
      if (secret !== undefined) use(secret, ["profiles", profile, "model", ...at].join("/"));
    }
  }
  for (const [kind, secret] of Object.entries(files.estate.value.privacy.dictionaries)) {
    if (secret !== undefined) use(secret, `privacy/dictionaries/${kind}`);
  }
  for (const { name, service } of files.services) {
    for (const key of service.value.keys) use(key.from, `services/${name}/keys/${key.name}`);
    for (const secret of service.value.secrets) use(secret.from, `services/${name}/secrets/${secret.name}`);
  }
  return sorted(files.secrets.value.secrets).map(([name, secret]) => ({
    name,
    ...secret,
    usedBy: users.get(name) ?? [],
  }));
}
