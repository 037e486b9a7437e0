// services/<name>/service.yaml: what the estate promises about a service; how it runs is in compose.yaml beside it.
import * as z from "zod";
import { Address4, EnvName, FileName, Name, Port, SecretName, Sentence, Sources, State, TierName } from "./fields.ts";

const Publish = z.strictObject({
  address: Address4.default("127.0.0.1").meta({ description: "the host's address; loopback unless it is said" }),
  port: Port.meta({ description: "the port on the host" }),
});

const ServicePort = z.strictObject({
  name: Name.meta({ description: "what the port is called", examples: ["api"] }),
  container: Port.meta({ description: "the port inside the container" }),
  publish: Publish.optional().meta({ description: "where the host publishes it; not at all without this" }),
  open: z
    .strictObject({ from: Sources, note: Sentence })
    .optional()
    .meta({ description: "who may connect from outside; nobody without this" }),
});

/** Where a container finds a secret: in its environment, or as a file under /run/secrets. Exactly one of the two. */
const delivery = {
  env: EnvName.optional().meta({ description: "the environment variable that holds it" }),
  file: FileName.optional().meta({ description: "the file under /run/secrets that holds it" }),
};

const ServiceSecret = z.strictObject({ name: Name, from: SecretName, ...delivery });

const ServiceKey = z.strictObject({
  name: Name,
  from: SecretName,
  ...delivery,
  models: z
    .array(z.string().min(1))
    .default([])
    .meta({ description: "the model names it may ask for; none means all" }),
});

const Health = z.strictObject({
  port: Name.meta({ description: "the name of one of its ports" }),
  path: z
    .string()
    .regex(/^\/\S*$/, { error: "should be a path, `/health`" })
    .default("")
    .meta({ description: "the path that answers 200; not for what speaks no HTTP", examples: ["/health"] }),
  startSeconds: z.int().min(1).max(900).default(60).meta({ description: "how long a start may take" }),
});

const Rehearse = z
  .discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("run") }),
    z.strictObject({ mode: z.literal("skip"), reason: Sentence }),
  ])
  .meta({ description: "whether a rehearsal runs it; a skip needs its reason" });

/** What an image cannot do, said openly; everything else that hardens a container is not up for discussion here. */
const Without = z.strictObject({
  control: z.enum(["read-only", "non-root", "healthcheck", "cap-drop"]).meta({
    description: "what its containers lack: a read-only root, a user of their own, a health check, no capabilities",
  }),
  container: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "the container that lacks it; all of them without this" }),
  reason: Sentence,
});

export const ServiceFile = z
  .strictObject({
    host: Name.meta({ description: "the host that it runs on" }),
    tier: TierName,
    dataClass: Name.meta({ description: "the class of data that it handles, one of estate.yaml's" }),
    state: State.default("live"),
    rehearse: Rehearse.default({ mode: "run" }),
    build: z
      .enum(["demesne-gateway"])
      .optional()
      .meta({ description: "the image is built by Demesne, not pulled; compose.yaml names it" }),
    ports: z
      .array(ServicePort)
      .min(1, { error: "should list at least one port" })
      .meta({ description: "the ports that its main container listens on" }),
    health: Health.meta({ description: "where it says that it is well" }),
    keys: z.array(ServiceKey).default([]).meta({ description: "virtual keys that it uses at the gateway" }),
    secrets: z.array(ServiceSecret).default([]).meta({ description: "other secrets that it needs" }),
    without: z.array(Without).default([]).meta({ description: "hardening that its image does not stand, and why" }),
    files: z.array(FileName).default([]).meta({ description: "files of this folder that compose.yaml mounts" }),
  })
  .meta({ title: "services/<name>/service.yaml", description: "What a service is, and for whom." });
export type ServiceFile = z.infer<typeof ServiceFile>;
