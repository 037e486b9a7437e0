// The twin overlay: the estate as it is rehearsed, and every way in which that differs from the real one. Pure.
import type { Estate, EstateHost } from "../../estate/index.ts";

/** What a twin has instead of the host's own. */
export type TwinFacts = {
  readonly id: string;
  readonly address4: string;
  readonly address6: string;
  readonly hostKeys: readonly string[];
  /** Public key that logs in, in OpenSSH form. */
  readonly loginKey: string;
  /** This machine on the twin's link: the only place that may use ssh. */
  readonly outside4: string;
  readonly outside6: string;
  /** Control group controllers that containers in it can use. */
  readonly controllers: readonly string[];
  /** `debian-13`, as the twin's own os-release says. */
  readonly os: string;
};

export type Overlay = {
  readonly twin: TwinFacts;
  /** Base URL of the scripted worker that stands in for the model. */
  readonly modelUrl: string;
  /** Where each built image can be pulled in the twin, and its digest. */
  readonly images: Readonly<Record<string, { readonly ref: string; readonly digest: string }>>;
};

export type Difference = { readonly what: string; readonly real: string; readonly twin: string };

/** The estate for one twin. Everything that is not said here stays as it is. */
export function overlayEstate(estate: Estate, { twin, modelUrl, images }: Overlay): Estate {
  const hosts = estate.hosts.map((host) => (host.id === twin.id ? overlayHost(host, twin) : host));
  const found = estate.hosts.find((host) => host.id === twin.id);
  const accounts = estate.accounts.map((each) =>
    each.name === found?.user ? { ...each, keys: [...each.keys, twin.loginKey] } : each,
  );
  const services = estate.services.map((service) => ({
    ...service,
    compose: { ...service.compose, document: withoutLimits(service.compose.document, twin) },
    containers: service.containers.map(({ name, image }) => {
      const built = image.kind === "build" ? images[image.build] : undefined;
      return built === undefined ? { name, image } : { name, image: { ...image, ...built } };
    }),
  }));
  const seam = { ...estate.seam, model: { ...estate.seam.model, url: modelUrl } };
  return { ...estate, hosts, accounts, services, seam };
}

type Document = Estate["services"][number]["compose"]["document"];

/** Docker refuses a limit whose controller it has not: on a machine with control groups v1, twins have few of them. */
function withoutLimits(document: Document, { controllers }: TwinFacts): Document {
  if (controllers.includes("cpu")) return document;
  const services = Object.entries(document.services).map(([name, container]) => [
    name,
    { ...container, cpus: undefined },
  ]);
  return { ...document, services: Object.fromEntries(services) };
}

function overlayHost(host: EstateHost, twin: TwinFacts): EstateHost {
  const ssh = {
    from: [`${twin.outside4}/32`, `${twin.outside6}/128`],
    note: "ssh from this machine, instead of the estate's sources",
  };
  const open = host.open.map((each) => (each.port === host.port && each.proto === "tcp" ? { ...each, ...ssh } : each));
  const os = twin.os === "debian-12" || twin.os === "ubuntu-24.04" ? twin.os : "debian-13";
  return { ...host, os, address: twin.address4, address6: twin.address6, hostKeys: [...twin.hostKeys], port: 22, open };
}

/** What of the estate the overlay changes, besides what the lab itself says of its twin. */
export function overlayDifferences(estate: Estate, { modelUrl, images, twin }: Overlay): Difference[] {
  const limits = { what: "limits of containers", real: "as in compose.yaml" };
  return [
    ...(twin.controllers.includes("cpu")
      ? []
      : [
          {
            ...limits,
            twin: `cpus left out: control groups here offer ${twin.controllers.join(", ") || "no controller"}`,
          },
        ]),
    { what: "sources of ssh", real: "the estate's", twin: "this machine only" },
    {
      what: "the model",
      real: estate.seam.model.url,
      twin: `${modelUrl}, a scripted worker (a stand-in that answers from a script)`,
    },
    { what: "secrets", real: "inventory/secrets.sops.yaml", twin: "made up for this rehearsal" },
    ...Object.entries(images).map(([name, { ref, digest }]) => ({
      what: `image ${name}`,
      real: "the image lock's",
      twin: `${ref}@${digest}, built here`,
    })),
  ];
}
