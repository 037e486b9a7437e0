// A service: its compose file completed with what service.yaml promises, its secrets as files, its image by digest.
import { stringify } from "yaml";
import type { EstateService } from "../estate/index.ts";
import { digestJson } from "../lib/digest.ts";
import { envTemplate } from "../lib/secret-text.ts";
import { INPUTS_LABEL, resource, type Ref, type Resource } from "../resources/index.ts";
import { gatewayConfig, gatewayNotes, gatewaySecrets } from "./gateway-config.ts";
import { EGRESS_NETWORK, networkOf } from "./networks.ts";
import type { Role, RoleInput } from "./role.ts";

const ROLE = "service";
const ROOT = "/etc/demesne/services";
const GATEWAY_CONFIG = "gateway.yaml";
/** Containers that read files as a group of their own know it by this number. */
const CONTAINER_GROUP = { name: "demesne-container", gid: 10001 };

/** One secret as a file beside the compose file. */
export type SecretFile = {
  readonly file: string;
  readonly secret: string;
  readonly template: string;
  /** Read into the environment (env_file), or mounted below /run/secrets. */
  readonly as: "env" | "mount";
};

export const service: Role = (input) => {
  const running = input.estate.services.filter(
    (each) => each.host === input.host.id && each.state === "live" && !input.skipped.has(each.name),
  );
  if (running.length === 0) return [];
  return [
    resource("group", ROLE, CONTAINER_GROUP),
    resource("directory", ROLE, { path: ROOT, mode: "0750" }, { needs: ["directory:/etc/demesne"] }),
    ...imagesOnce(running.flatMap((each) => resourcesOfService(each, input))),
  ];
};

/** Several services may run one image; nothing else of theirs may meet. */
function imagesOnce(all: readonly Resource[]): Resource[] {
  return all.filter((each, index) => each.kind !== "image" || all.findIndex(({ ref }) => ref === each.ref) === index);
}

function resourcesOfService(each: EstateService, input: RoleInput): Resource[] {
  const folder = `${ROOT}/${each.name}`;
  const secrets = secretsOf(each, input);
  const files = filesOf(each, input);
  const images = [...new Set(each.containers.flatMap(({ image }) => pinned(image) ?? []))];
  const digests = secrets.map(({ file, secret, template }) => [file, input.secretDigest(secret, template)] as const);
  const inputs = digestJson({
    compose: compose(each, secrets, files, ""),
    files,
    secrets: Object.fromEntries(digests),
  });
  const group = CONTAINER_GROUP.name;
  const put = [
    resource("file", ROLE, {
      path: `${folder}/compose.yaml`,
      mode: "0640",
      content: composeText(compose(each, secrets, files, inputs)),
    }),
    ...files.map(({ name, text }) =>
      resource(
        "file",
        ROLE,
        { path: `${folder}/${name}`, mode: "0640", group, content: text },
        isGateway(each) && name === GATEWAY_CONFIG ? { notes: gatewayNotes(input.estate) } : {},
      ),
    ),
    ...secrets.map(({ file, secret, template }) =>
      resource("file", ROLE, {
        path: `${folder}/secrets/${file}`,
        mode: "0640",
        group,
        secret: { name: secret, template, digest: input.secretDigest(secret, template) },
      }),
    ),
  ];
  const networks = networksOf(each).map(([, name]) => name);
  return [
    resource("directory", ROLE, { path: folder, mode: "0750" }),
    ...(secrets.length === 0 ? [] : [resource("directory", ROLE, { path: `${folder}/secrets`, mode: "0700" })]),
    ...put,
    ...images.map((id) => resource("image", ROLE, { image: id })),
    resource(
      "stack",
      ROLE,
      {
        name: each.name,
        file: `${folder}/compose.yaml`,
        inputs,
        containers: Object.keys(each.compose.document.services).sort(),
        networks,
        images,
      },
      { needs: put.map((file): Ref => file.ref) },
    ),
  ];
}

/** Repository and digest; undefined for an image that was not built and published yet. */
function pinned(image: EstateService["containers"][number]["image"]): string | undefined {
  return image.ref === undefined || image.digest === undefined ? undefined : `${image.ref}@${image.digest}`;
}

function secretsOf(each: EstateService, { estate }: RoleInput): SecretFile[] {
  const own = [...each.keys, ...each.secrets].map(({ name, from, env, file }) =>
    env === undefined
      ? { file: file ?? name, secret: from, template: "{}", as: "mount" as const }
      : { file: `${name}.env`, secret: from, template: envTemplate(env), as: "env" as const },
  );
  return isGateway(each) ? [...own, ...gatewaySecrets(estate)] : own;
}

function filesOf(each: EstateService, { estate }: RoleInput): { readonly name: string; readonly text: string }[] {
  return isGateway(each) ? [...each.files, { name: GATEWAY_CONFIG, text: gatewayConfig(estate) }] : [...each.files];
}

function isGateway(each: EstateService): boolean {
  return each.containers.some(({ image }) => image.kind === "build" && image.build === "demesne-gateway");
}

/** Compose's own names of the networks, and Docker's. */
function networksOf(each: EstateService): [string, string][] {
  const tier: [string, string] = ["tier", networkOf(each.tier)];
  return isGateway(each) ? [["egress", EGRESS_NETWORK], tier] : [tier];
}

function compose(
  each: EstateService,
  secrets: readonly SecretFile[],
  files: readonly { readonly name: string }[],
  inputs: string,
) {
  const networks = networksOf(each);
  const services = Object.fromEntries(
    Object.entries(each.compose.document.services).map(([name, container]) => {
      const image = each.containers.find((one) => one.name === name)?.image;
      const main = name === each.name ? mainPart(each, secrets, files) : { volumes: [] };
      const labels = { ...container.labels, [INPUTS_LABEL]: inputs };
      const run = {
        image: (image === undefined ? undefined : pinned(image)) ?? container.image,
        labels,
        networks: networks.map(([key]) => key),
      };
      return [name, { ...container, ...run, ...main, volumes: [...(container.volumes ?? []), ...main.volumes] }];
    }),
  );
  return {
    name: each.name,
    services,
    networks: Object.fromEntries(networks.map(([key, name]) => [key, { name, external: true }])),
    ...(each.compose.document.volumes === undefined ? {} : { volumes: each.compose.document.volumes }),
  };
}

/** What only the container with the service's own name has: its ports and secrets. */
function mainPart(each: EstateService, secrets: readonly SecretFile[], files: readonly { readonly name: string }[]) {
  const ports = each.ports.flatMap(({ container, publish }) =>
    publish === undefined ? [] : [`${publish.address}:${publish.port}:${container}`],
  );
  const env = secrets.filter((one) => one.as === "env").map((one) => `./secrets/${one.file}`);
  const mounts = secrets
    .filter((one) => one.as === "mount")
    .map((one) => `./secrets/${one.file}:/run/secrets/${one.file}:ro`);
  const configs = isGateway(each)
    ? files.filter((one) => one.name === GATEWAY_CONFIG).map((one) => `./${one.name}:/etc/demesne/${one.name}:ro`)
    : [];
  return { ports, ...(env.length === 0 ? {} : { env_file: env }), volumes: [...mounts, ...configs] };
}

function composeText(document: object): string {
  return `# Written by Demesne from the estate's compose.yaml and service.yaml.\n${stringify(document, { lineWidth: 0 })}`;
}
