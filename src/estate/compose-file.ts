// services/<name>/compose.yaml: the part of the Compose language that a service may use. What is not here cannot be
// written, so there is no privileged container, no host network and no published port that service.yaml does not name.
// Keys that start with `x-` are left out before this is looked at, as Compose does; they hold what is merged elsewhere.
import * as z from "zod";

/** Keys that Compose knows and a service may not use, each with what to do instead. */
export const refusedKeys: Readonly<Record<string, string>> = {
  build: "images are run by digest: name one in image",
  cgroup_parent: "remove it",
  configs: "mount a file of the service instead: list it under files in service.yaml, mount it as ./name",
  container_name: "remove it: a service is reached by its name in the tier's network",
  devices: "remove it; a GPU is asked for under deploy/resources/reservations",
  dns: "remove it: names are resolved in the tier's network",
  env_file: "write the values under environment, and secrets under secrets in service.yaml",
  extra_hosts: "remove it: names are resolved in the tier's network",
  ipc: "remove it: shm_size gives a container shared memory of its own",
  network_mode: "remove it: the network follows from tier in service.yaml",
  networks: "remove it: the network follows from tier in service.yaml",
  pid: "remove it: a container sees its own processes only",
  ports: "write it under ports in service.yaml",
  privileged: "remove it: a privileged container is root on the host",
  secrets: "write it under secrets in service.yaml",
  sysctls: "remove it: settings of the kernel belong to the host",
  userns_mode: "remove it",
  volumes_from: "name the volume in both containers",
};

const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const Words = z.union([z.string(), z.array(z.string())]);
const Size = z
  .union([z.int(), z.string()])
  .refine((size) => /^\d+(?:\.\d+)?[bkmg]?b?$/i.test(String(size)), { error: "should be a size, `512m`" })
  .meta({ examples: ["512m"] });
const Duration = z.string().regex(/^(?:\d+(?:h|m|s|ms))+$/, { error: "should be a duration, `30s`" });

/** Docker's own default set, without the ones that make a container more than a container. */
const Capability = z.enum([
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
]);

const Healthcheck = z.strictObject({
  test: Words.meta({ description: "the command that succeeds when the container is well" }),
  interval: Duration.optional().meta({ description: "time between two checks" }),
  timeout: Duration.optional().meta({ description: "time that one check may take" }),
  start_period: Duration.optional().meta({ description: "time in which a failed check does not count" }),
  start_interval: Duration.optional().meta({ description: "time between two checks while it starts" }),
  retries: z.int().min(1).max(100).optional().meta({ description: "failed checks in a row until it counts as unwell" }),
});

const Device = z.strictObject({
  driver: z.literal("nvidia").meta({ description: "the only driver there is" }),
  count: z
    .union([z.literal("all"), z.int().min(1)])
    .optional()
    .meta({ description: "how many GPUs" }),
  capabilities: z.array(z.string()).meta({ description: "what the driver is asked for", examples: ["gpu"] }),
});

const Devices = z.strictObject({ devices: z.array(Device).meta({ description: "the GPUs it needs" }) });
const Resources = z.strictObject({ reservations: Devices.meta({ description: "what it needs to be there" }) });
const Deploy = z.strictObject({ resources: Resources.meta({ description: "what it needs of the host" }) });

const DependsOn = z.record(
  z.string(),
  z.strictObject({
    condition: z
      .enum(["service_started", "service_healthy", "service_completed_successfully"])
      .meta({ description: "what it waits for" }),
  }),
);

const Ulimit = z.union([
  z.int(),
  z.strictObject({
    soft: z.int().meta({ description: "the soft limit" }),
    hard: z.int().meta({ description: "the hard limit" }),
  }),
]);

const Labels = z.record(z.string(), Scalar).meta({ description: "labels" });

const ComposeContainer = z.strictObject({
  image: z.string().meta({ description: "`name:tag@sha256:...`, or the name of the built image" }),
  command: Words.optional().meta({ description: "the command, instead of the image's own" }),
  entrypoint: Words.optional().meta({ description: "the entry point, instead of the image's own" }),
  environment: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, { error: "should be the name of an environment variable" }), Scalar)
    .optional()
    .meta({ description: "environment variables; secrets are in service.yaml" }),
  volumes: z
    .array(z.string())
    .optional()
    .meta({ description: "`name:/path` for a volume, `./file:/path:ro` for a file" }),
  tmpfs: z.array(z.string()).optional().meta({ description: "folders in memory, `/tmp:size=64m`" }),
  user: z.union([z.string(), z.int()]).optional().meta({ description: "the user it runs as, `10001:10001`" }),
  group_add: z
    .array(z.union([z.string(), z.int()]))
    .optional()
    .meta({ description: "further groups" }),
  working_dir: z.string().optional().meta({ description: "the folder it starts in" }),
  read_only: z.boolean().optional().meta({ description: "whether its own files cannot be changed" }),
  init: z.boolean().optional().meta({ description: "whether a small init reaps its processes" }),
  cap_drop: z.array(z.string()).optional().meta({ description: "capabilities taken away; ALL, wherever it can be" }),
  cap_add: z.array(Capability).optional().meta({ description: "capabilities given back" }),
  security_opt: z
    .array(z.enum(["no-new-privileges:true"]))
    .optional()
    .meta({ description: "what hardens it; nothing that weakens it" }),
  ulimits: z.record(z.string(), Ulimit).optional().meta({ description: "limits of its processes" }),
  mem_limit: Size.optional().meta({ description: "the most memory it may have" }),
  mem_reservation: Size.optional().meta({ description: "the memory it should have" }),
  cpus: z.union([z.number(), z.string()]).optional().meta({ description: "the most processor time it may have" }),
  pids_limit: z.int().optional().meta({ description: "the most processes it may have" }),
  shm_size: Size.optional().meta({ description: "shared memory of its own" }),
  deploy: Deploy.optional().meta({ description: "GPUs" }),
  healthcheck: Healthcheck.optional().meta({ description: "how Docker sees whether it is well" }),
  depends_on: DependsOn.optional().meta({ description: "containers of this file that it waits for" }),
  restart: z
    .enum(["no", "always", "on-failure", "unless-stopped"])
    .optional()
    .meta({ description: "when Docker starts it again" }),
  stop_grace_period: Duration.optional().meta({ description: "time it has to stop" }),
  stop_signal: z.string().optional().meta({ description: "the signal that stops it" }),
  labels: Labels.optional(),
});
export type ComposeContainer = z.infer<typeof ComposeContainer>;

const Volume = z.union([z.null(), z.strictObject({ labels: Labels })]);

export const ComposeFile = z
  .strictObject({
    services: z
      .record(z.string().regex(/^[a-z][a-z0-9-]*$/, { error: "should be a lower-case name" }), ComposeContainer)
      .meta({ description: "the containers; the one with the service's name has its ports and secrets" }),
    volumes: z
      .record(z.string().regex(/^[a-z][a-z0-9_-]*$/, { error: "should be a lower-case name" }), Volume)
      .optional()
      .meta({ description: "the volumes; their names on the host begin with the service's" }),
  })
  .meta({
    title: "services/<name>/compose.yaml",
    description: "How the containers of a service run.",
    patternProperties: { "^x-": {} },
  });
export type ComposeFile = z.infer<typeof ComposeFile>;
