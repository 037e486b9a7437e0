// Every name in one file that stands for something in another: hosts, tiers, accounts, classes, secrets, ports.
import { endpointsOf } from "./endpoints.ts";
import { at, type EstateFiles, type Parsed, type ServiceFiles } from "./files.ts";
import type { Finding, Path } from "./finding.ts";
import { known } from "./known.ts";
import { DIGEST_KEY } from "./secrets-file.ts";
import type { YamlSource } from "./yaml-source.ts";

export function checkReferences(files: EstateFiles): readonly Finding[] {
  return [
    ...checkEstate(files),
    ...Object.keys(files.hosts.value.hosts).flatMap((id) => checkHost(id, files)),
    ...files.services.flatMap((service) => checkService(service, files)),
  ];
}

function checkEstate(files: EstateFiles): readonly Finding[] {
  const { estate } = files;
  const classes = Object.keys(estate.value.dataClasses);
  const profiles = Object.entries(estate.value.profiles).flatMap(([name, profile]) => {
    const path = ["profiles", name];
    const endpoints = endpointsOf(profile.model);
    return [
      ...known(estate, [...path, "corpus", "dataClass"], profile.corpus.dataClass, "a class of dataClasses", classes),
      ...endpoints.flatMap(({ secret, service, at: below }) => [
        ...(secret === undefined ? [] : knownSecret(files, estate, [...path, "model", ...below, "secret"], secret)),
        ...(service === undefined ? [] : knownService(files, [...path, "model", ...below, "service"], service)),
      ]),
    ];
  });
  const waivers = estate.value.waivers.flatMap((waiver, index) =>
    known(estate, ["waivers", index, "owner"], waiver.owner, "one of the contacts", Object.keys(estate.value.contacts)),
  );
  const names = Object.entries(estate.value.privacy.dictionaries).flatMap(([kind, secret]) =>
    secret === undefined ? [] : knownSecret(files, estate, ["privacy", "dictionaries", kind], secret),
  );
  return [...profiles, ...waivers, ...names, ...checkDigestKey(files)];
}

/** Plans refer to secrets by digests under this key: there is no plan without it. */
function checkDigestKey({ secrets }: EstateFiles): readonly Finding[] {
  if (Object.hasOwn(secrets.value.secrets, DIGEST_KEY)) return [];
  const fix = `add ${DIGEST_KEY}: { generate: hex-32, note: key of the digests that stand for secrets }`;
  return [at(secrets, ["secrets"], `should list ${DIGEST_KEY}`, fix)];
}

function knownSecret(files: EstateFiles, source: YamlSource, path: Path, name: string): readonly Finding[] {
  const names = Object.keys(files.secrets.value.secrets);
  return known(source, path, name, "a secret of inventory/secrets.example.yaml", names);
}

function knownService(files: EstateFiles, path: Path, name: string): readonly Finding[] {
  return known(
    files.estate,
    path,
    name,
    "a service",
    files.services.map((service) => service.name),
  );
}

function checkHost(id: string, files: EstateFiles): readonly Finding[] {
  const { hosts, estate } = files;
  const host = hosts.value.hosts[id];
  if (host === undefined) return [];
  const path = ["hosts", id, "user"];
  const unknown = known(hosts, path, host.user, "one of the accounts", Object.keys(estate.value.accounts));
  if (unknown.length > 0 || estate.value.accounts[host.user]?.sudo === true) return unknown;
  const fix = `set sudo: true for ${host.user} under accounts in estate.yaml`;
  return [at(hosts, path, `should be an account with sudo, ${host.user} has none`, fix)];
}

function checkService(files: ServiceFiles, all: EstateFiles): readonly Finding[] {
  const { service } = files;
  const { value } = service;
  const tiers = Object.keys(all.estate.value.tiers);
  const refs = [
    ...value.keys.map((key, index) => ({ path: ["keys", index], ...key })),
    ...value.secrets.map((secret, index) => ({ path: ["secrets", index], ...secret })),
  ];
  return [
    ...known(service, ["host"], value.host, "a host of inventory/hosts.yaml", Object.keys(all.hosts.value.hosts)),
    ...known(service, ["tier"], value.tier, "a tier of estate.yaml", tiers),
    ...known(
      service,
      ["dataClass"],
      value.dataClass,
      "a class of dataClasses",
      Object.keys(all.estate.value.dataClasses),
    ),
    ...known(
      service,
      ["health", "port"],
      value.health.port,
      "the name of a port",
      value.ports.map((port) => port.name),
    ),
    ...refs.flatMap((ref) => knownSecret(all, service, [...ref.path, "from"], ref.from)),
    ...refs.flatMap((ref) => oneDelivery(service, ref)),
    ...deliveredTwice(service, refs),
    ...checkModels(files, all),
  ];
}

type Delivered = { path: Path; name: string; env?: string | undefined; file?: string | undefined };

function oneDelivery(source: Parsed<unknown>, ref: Delivered): readonly Finding[] {
  if ((ref.env === undefined) !== (ref.file === undefined)) return [];
  return [at(source, ref.path, "should have exactly one of env and file", "say how the container gets it, one way")];
}

/** Names, variables and files are each used once: the second would hide the first. */
function deliveredTwice(source: YamlSource, refs: readonly Delivered[]): readonly Finding[] {
  return refs.flatMap((later, index) =>
    (["name", "env", "file"] as const).flatMap((member) => {
      const value = later[member];
      if (value === undefined || !refs.slice(0, index).some((earlier) => earlier[member] === value)) return [];
      return [at(source, [...later.path, member], `should be used once, got ${value} again`, "choose another one")];
    }),
  );
}

function checkModels(files: ServiceFiles, all: EstateFiles): readonly Finding[] {
  const inForce = all.estate.value.profiles[all.estate.value.profile];
  const names = endpointsOf(inForce.model).flatMap((endpoint) => Object.keys(endpoint.names));
  return files.service.value.keys.flatMap((key, index) =>
    key.models.flatMap((model, at_) =>
      known(files.service, ["keys", index, "models", at_], model, "a model of the profile", names),
    ),
  );
}
