// What a service's compose.yaml may not do, beyond what its schema has no words for.
import type { ComposeContainer } from "./compose-file.ts";
import { at, type EstateFiles, type ServiceFiles } from "./files.ts";
import type { Finding, Path } from "./finding.ts";
import { imageOf } from "./image.ts";
import { nearest } from "./nearest.ts";
import { shown } from "./shown.ts";

export function checkCompose(files: ServiceFiles, estate: EstateFiles): readonly Finding[] {
  return [
    ...checkMain(files),
    ...Object.entries(files.compose.value.services).flatMap(([name, container]) => {
      const path = ["services", name];
      return [
        ...checkImage(files, estate, [...path, "image"], container.image),
        ...(container.volumes ?? []).flatMap((volume, index) =>
          checkVolume(files, [...path, "volumes", index], volume),
        ),
        ...checkDependencies(files, path, container),
      ];
    }),
    ...checkDollars(files),
  ];
}

/** The ports, secrets and keys of a service belong to the container with its name. */
function checkMain({ name, compose, service }: ServiceFiles): readonly Finding[] {
  const main = compose.value.services[name];
  if (main === undefined) {
    return [
      at(compose, ["services"], `should have a container named ${name}, as the service`, `rename one to ${name}`),
    ];
  }
  const delivered = [...service.value.keys, ...service.value.secrets].flatMap((secret) => secret.env ?? []);
  return delivered
    .filter((variable) => Object.hasOwn(main.environment ?? {}, variable))
    .map((variable) => {
      const path = ["services", name, "environment", variable];
      return at(compose, path, `should not be here: ${service.file} delivers it as a secret`, "remove one of the two");
    });
}

function checkImage(files: ServiceFiles, estate: EstateFiles, path: Path, text: string): readonly Finding[] {
  const { compose, service } = files;
  const image = imageOf(text);
  if (image.kind === "named") {
    if (image.name === service.value.build) return [];
    if (service.value.build !== undefined && image.name.includes("/"))
      return checkPublished(compose, estate, path, image.name);
    const fix = "demesne images lock, which asks the registry and writes the digest here and into the lock";
    return [at(compose, path, `should be pinned by digest, name:tag@sha256:..., got ${shown(text)}`, fix)];
  }
  const locked = estate.imagesLock.value.images[image.ref];
  if (locked === image.digest) return [];
  const fix = "make compose.yaml and inventory/images.lock.yaml agree";
  if (locked === undefined)
    return [at(compose, path, `should be in inventory/images.lock.yaml, got ${image.ref}`, fix)];
  return [at(compose, path, `should have the locked digest ${locked}, got ${image.digest}`, fix)];
}

/** An image that Demesne builds, under the name by which it was pushed: the digest stands in the lock only. */
function checkPublished(compose: ServiceFiles["compose"], estate: EstateFiles, path: Path, name: string) {
  if (estate.imagesLock.value.images[name] !== undefined) return [];
  const fix = `push it, and put its digest under ${shown(name)} into inventory/images.lock.yaml`;
  return [at(compose, path, `should be in inventory/images.lock.yaml, got ${shown(name)}`, fix)];
}

function checkVolume({ compose, service }: ServiceFiles, path: Path, volume: string): readonly Finding[] {
  const [from = "", to = "", mode = "rw", more] = volume.split(":");
  if (volume.includes("docker.sock") || volume.includes("containerd.sock")) {
    return [at(compose, path, "should not be there: who holds that socket is root on the host", "remove it")];
  }
  if (more !== undefined || !to.startsWith("/") || !["ro", "rw"].includes(mode)) {
    return [at(compose, path, `should be name:/path or ./file:/path:ro, got ${shown(volume)}`, "write it that way")];
  }
  if (!from.startsWith("./")) {
    if (Object.keys(compose.value.volumes ?? {}).includes(from)) return [];
    const what = `should be a volume or a file of the service, got ${shown(from)}`;
    return [
      at(compose, path, what, `name ${shown(from)} under volumes, or use ./file; folders of the host are not mounted`),
    ];
  }
  if (service.value.files.includes(from.slice(2)) && mode === "ro") return [];
  if (mode === "ro")
    return [
      at(
        compose,
        path,
        `should be one of the service's files, got ${shown(from)}`,
        `add it to files in ${service.file}`,
      ),
    ];
  return [at(compose, path, "should be read-only, as it is a file of the estate", "append :ro")];
}

function checkDependencies({ compose }: ServiceFiles, path: Path, container: ComposeContainer): readonly Finding[] {
  const names = Object.keys(compose.value.services);
  return Object.keys(container.depends_on ?? {})
    .filter((name) => !names.includes(name))
    .map((name) => {
      const near = nearest(name, names);
      const fix = near === undefined ? `use one of: ${names.join(", ")}` : `did you mean \`${near}\`?`;
      return at(compose, [...path, "depends_on", name], "should be a container of this file", fix);
    });
}

/** Compose would fill in `${X}` from the environment of whoever runs it: on the host there is nothing. */
function checkDollars({ compose }: ServiceFiles): readonly Finding[] {
  const findings: Finding[] = [];
  const visit = (value: unknown, path: Path): void => {
    const [variable] = typeof value === "string" ? (/\$(?:\{[^}]*\}?|\w*)/.exec(value.replaceAll("$$", "")) ?? []) : [];
    if (variable !== undefined) {
      const fix = "name it under secrets in service.yaml, or write $$ for a dollar sign";
      findings.push(at(compose, path, `should be written out, ${variable} would be empty on the host`, fix));
    }
    if (typeof value !== "object" || value === null) return;
    const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    for (const [key, member] of members) visit(member, [...path, key]);
  };
  visit(compose.value, []);
  return findings;
}
