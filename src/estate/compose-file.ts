// services/<name>/compose.yaml: the part of the Compose language that a service may use. What is not here cannot be
// written, so there is no privileged container, no host network and no published port that service.yaml does not name.
import * as z from "zod";

const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const Words = z.union([z.string(), z.array(z.string())]);
const Duration = z.string().regex(/^(?:\d+(?:h|m|s|ms))+$/, { error: "should be a duration, `30s`" });

const Healthcheck = z.strictObject({
  test: Words,
  interval: Duration.optional(),
  timeout: Duration.optional(),
  start_period: Duration.optional(),
  start_interval: Duration.optional(),
  retries: z.int().min(1).max(100).optional(),
});

const Device = z.strictObject({
  driver: z.literal("nvidia"),
  count: z.union([z.literal("all"), z.int().min(1)]).optional(),
  capabilities: z.array(z.string()),
});

const Deploy = z.strictObject({
  resources: z.strictObject({
    reservations: z.strictObject({ devices: z.array(Device) }),
  }),
});

const DependsOn = z.record(
  z.string(),
  z.strictObject({ condition: z.enum(["service_started", "service_healthy", "service_completed_successfully"]) }),
);

export const ComposeContainer = z.strictObject({
  image: z.string().meta({ description: "name:tag@sha256:..., or the name of a built image" }),
  command: Words.optional(),
  entrypoint: Words.optional(),
  environment: z.record(z.string().regex(/^[A-Za-z_]\w*$/), Scalar).optional(),
  volumes: z.array(z.string()).optional().meta({ description: "`name:/path` or `./file:/path:ro`" }),
  tmpfs: z.array(z.string()).optional(),
  user: z.union([z.string(), z.int()]).optional(),
  group_add: z.array(Scalar).optional(),
  working_dir: z.string().optional(),
  read_only: z.boolean().optional(),
  init: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  cap_add: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  ulimits: z.record(z.string(), z.unknown()).optional(),
  mem_limit: Scalar.optional(),
  mem_reservation: Scalar.optional(),
  cpus: Scalar.optional(),
  pids_limit: z.int().optional(),
  shm_size: Scalar.optional(),
  deploy: Deploy.optional(),
  healthcheck: Healthcheck.optional(),
  depends_on: DependsOn.optional(),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).optional(),
  stop_grace_period: Duration.optional(),
  stop_signal: z.string().optional(),
  labels: z.record(z.string(), Scalar).optional(),
});
export type ComposeContainer = z.infer<typeof ComposeContainer>;

export const ComposeFile = z
  .strictObject({
    services: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), ComposeContainer),
    volumes: z
      .record(z.string(), z.union([z.null(), z.strictObject({ labels: z.record(z.string(), Scalar) })]))
      .optional(),
  })
  .meta({ id: "compose", title: "services/<name>/compose.yaml", description: "How the containers of a service run." });
export type ComposeFile = z.infer<typeof ComposeFile>;
