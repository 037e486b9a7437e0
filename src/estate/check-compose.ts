// What a service's compose.yaml may not do, beyond what its schema has no words for.
import type { ComposeContainer } from "./compose-file.ts";
import { at, type EstateFiles, type ServiceFiles } from "./files.ts";
import type { Finding, Path } from "./finding.ts";
import { imageOf } from "./image.ts";

export function checkCompose(files: ServiceFiles, estate: EstateFiles): readonly Finding[] {
  const { compose, name } = files;
  const containers = Object.entries(compose.value.services);
  const main = containers.some(([container]) => container === name)
    ? []
    : [at(compose, ["services"], `should have a container named ${name}, as the service`, `rename one to ${name}`)];
  return [
    ...main,
    ...containers.flatMap(([container, value]) => [
      ...checkImage(files, estate, ["services", container, "image"], value.image),
      ...checkVolumes(files, ["services", container, "volumes"], value),
    ]),
    ...checkDollars(files),
  ];
}

function checkImage(files: ServiceFiles, estate: EstateFiles, path: Path, text: string): readonly Finding[] {
  const { compose, service } = files;
  const image = imageOf(text);
  if (image.kind === "named") {
    if (image.name === service.value.build) return [];
    return [
      at(
        compose,
        path,
        `should be pinned, name:tag@sha256:..., got ${text}`,
        "run `demesne images lock`, or add the digest by hand",
      ),
    ];
  }
  const locked = estate.imagesLock.value.images[image.ref];
  if (locked === image.digest) return [];
  const what =
    locked === undefined
      ? `should be in inventory/images.lock.yaml, got ${image.ref}`
      : `should have the locked digest ${locked}, got ${image.digest}`;
  return [at(compose, path, what, "make compose.yaml and inventory/images.lock.yaml agree")];
}

function checkVolumes(files: ServiceFiles, path: Path, container: ComposeContainer): readonly Finding[] {
  const { compose, service } = files;
  return (container.volumes ?? []).flatMap((volume, index) => {
    const [from = ""] = volume.split(":");
    const here = [...path, index];
    if (volume.includes("docker.sock")) {
      return [at(compose, here, "should not be there: who has docker.sock is root on the host", "remove it")];
    }
    if (from.startsWith("./")) {
      const mounted = service.value.files.includes(from.slice(2));
      return mounted
        ? []
        : [
            at(
              compose,
              here,
              `should be one of the service's files, got ${from}`,
              `add ${from.slice(2)} to files in service.yaml`,
            ),
          ];
    }
    const named = Object.keys(compose.value.volumes ?? {}).includes(from);
    return named
      ? []
      : [
          at(
            compose,
            here,
            `should be a volume or a file of the service, got ${volume}`,
            "name it under volumes, or use ./file",
          ),
        ];
  });
}

/** Compose would fill in `${X}` from the environment of whoever runs it: on the host that is nothing. */
function checkDollars({ compose }: ServiceFiles): readonly Finding[] {
  const findings: Finding[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (typeof value === "string" && /(?<!\$)(?:\$\$)*\$(?!\$)/.test(value)) {
      findings.push(
        at(
          compose,
          path,
          `should not be filled in on the host, got ${value}`,
          "use secrets in service.yaml, or $$ for a dollar sign",
        ),
      );
    } else if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value))
        visit(member, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  };
  visit(compose.value, []);
  return findings;
}
