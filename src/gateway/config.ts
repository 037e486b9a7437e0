// The gateway's configuration: one YAML file, rendered by the gateway role and read by main.ts at start and on SIGHUP.
import { z } from "zod";
import { PrivacyPolicy } from "./privacy/policy.ts";

export const Dialect = z
  .enum(["anthropic", "openai"])
  .meta({ description: "Wire format: `anthropic` is the Messages API, `openai` is chat completions and embeddings" });
export type Dialect = z.infer<typeof Dialect>;

export const OutputField = z.enum(["max_tokens", "max_completion_tokens"]).meta({
  description:
    "Name of the field for the most output: OpenAI's newer models refuse the older name, Ollama reads no other. " +
    "Mistral's refuse the newer. When left out: max_tokens for local routes, max_completion_tokens for hosted ones",
});
export type OutputField = z.infer<typeof OutputField>;

const Worker = z.strictObject({
  images: z.boolean().default(false).meta({ description: "The model reads images" }),
  reasoning: z
    .boolean()
    .default(false)
    .meta({ description: "Give the model its own earlier thinking back as reasoning_content" }),
  thinking: z
    .enum(["none", "template", "effort"])
    .default("none")
    .meta({ description: "How it is told to think: not at all, through its chat template, or by reasoning_effort" }),
  contextTokens: z
    .int()
    .min(1024)
    .optional()
    .meta({
      description: "Its context window; larger wishes for output are lowered to what is left",
      examples: [131_072],
    }),
  outputField: OutputField.optional(),
});

export const Route = z.strictObject({
  upstream: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/\/v1\/?$|[?#]/.test(url), "leave out /v1, query and fragment: the gateway adds the path")
    .meta({
      description: "Base URL of the upstream, without /v1",
      examples: ["https://api.anthropic.com", "http://gpu:8000"],
    }),
  dialect: Dialect,
  keyFile: z
    .string()
    .startsWith("/")
    .optional()
    .meta({
      description: "File that holds the upstream's key and nothing else; left out for a worker without one",
      examples: ["/run/secrets/anthropic"],
    }),
  model: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "The model's name at the upstream; the alias when left out", examples: ["qwen3-32b"] }),
  residency: z.enum(["local", "uk", "eu", "us", "global"]).meta({
    description: "Where the upstream processes data. Anything but `local` is a hosted route, which costs money",
  }),
  dataClasses: z
    .array(z.string())
    .optional()
    .meta({ description: "Classes of data that this route may be sent; all when left out", examples: [["default"]] }),
  assumeFamilyMax: z
    .boolean()
    .default(false)
    .meta({ description: "A model without a price is charged as the costliest of its family, instead of refused" }),
  worker: Worker.prefault({}).meta({ description: "What the model behind an `openai` upstream can do" }),
});
export type Route = z.infer<typeof Route>;

const Limits = z.strictObject({
  bodyBytes: z.int().min(1024).default(33_554_432).meta({ description: "Largest request body" }),
  bodiesBytes: z
    .int()
    .min(1024)
    .default(67_108_864)
    .meta({ description: "Bytes of all request bodies in flight together; beyond it clients are told to come back" }),
  bodyMs: z.int().min(10).default(60_000).meta({ description: "Time a client has to send its whole request" }),
  firstByteMs: z
    .int()
    .min(10)
    .default(120_000)
    .meta({ description: "Time a hosted upstream has to send its response headers" }),
  workerFirstByteMs: z
    .int()
    .min(10)
    .default(600_000)
    .meta({ description: "The same for a local one, which may read a long prompt before it answers at all" }),
  idleMs: z.int().min(10).default(300_000).meta({
    description: "Longest silence between two chunks of an upstream's answer, and longest wait for a client to read",
  }),
  pingMs: z
    .int()
    .min(10)
    .default(10_000)
    .meta({ description: "Longest silence of a translated stream; Claude Code gives up after 300 seconds" }),
  heldMoneyMs: z
    .int()
    .min(0)
    .default(10_000)
    .meta({ description: "Longest wait for money that requests under way have set aside" }),
  drainMs: z
    .int()
    .min(0)
    .default(30_000)
    .meta({ description: "Time that running requests have to finish when the gateway is told to stop" }),
});

const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[0-9.]+):\d{1,5}$/, "should be ADDRESS:PORT")
  .refine((text) => Number(/\d+$/.exec(text)?.[0]) <= 65_535, "should have a port of 0-65535");

/** Kernels take 104 to 108. */
export const SOCKET_PATH_LENGTH = 100;

export const GatewayConfig = z
  .strictObject({
    format: z.literal(1).meta({ description: "Version of this file's format" }),
    listen: address
      .default("127.0.0.1:4100")
      .meta({ description: "Address and port of the model API", examples: ["127.0.0.1:4100", "[::1]:4100"] }),
    management: z
      .string()
      .startsWith("/")
      .max(SOCKET_PATH_LENGTH, `a unix socket's path has at most ${SOCKET_PATH_LENGTH} characters`)
      .meta({
        description: "Path of the management socket (unix, mode 0600); never on the model port",
        examples: ["/run/demesne-gateway/management.sock"],
      }),
    metrics: address.optional().meta({
      description: "Address and port of GET /metrics for Prometheus; none when left out",
      examples: ["127.0.0.1:9464"],
    }),
    traces: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({
        description: "OTLP/HTTP address of a trace collector; none when left out. Spans never hold content",
        examples: ["http://127.0.0.1:4318/v1/traces"],
      }),
    state: z
      .string()
      .startsWith("/")
      .meta({
        description: "Folder the gateway may write to: keys, budgets, audit",
        examples: ["/var/lib/demesne-gateway"],
      }),
    masterKeyFile: z.string().startsWith("/").optional().meta({
      description: "File with the management credential; when left out, <state>/master.key, made on the first start",
    }),
    routes: z
      .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/), Route)
      .meta({ description: "Model alias, as clients name it, to the upstream that serves it" }),
    prices: z
      .string()
      .startsWith("/")
      .optional()
      .meta({ description: "Price file; the one that comes with the gateway when left out" }),
    minOutputTokens: z.int().min(1).default(4096).meta({
      description:
        "When a budget runs low, max_tokens is lowered down to this; a request that wants more waits or is refused",
    }),
    serviceKeys: z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9/-]{0,63}$/),
        z.strictObject({
          keyFile: z.string().startsWith("/").meta({ description: "File that holds the virtual key and nothing else" }),
          models: z.array(z.string()).default([]).meta({ description: "Aliases it may use; empty means all" }),
        }),
      )
      .default({})
      .meta({ description: "Virtual keys that are there from the start, by service" }),
    auditDays: z
      .int()
      .min(1)
      .default(400)
      .meta({ description: "Days that audit records are kept; the checkpoint at which they end stays" }),
    privacy: PrivacyPolicy.prefault({}).meta({
      description: "What may leave to hosted models, by class of data, and where values must not come back",
    }),
    limits: Limits.prefault({}),
  })
  .superRefine(({ privacy, routes }, context) => {
    const { classes, defaultClass, keys, fallback } = privacy;
    const known = (name: string): boolean => name === "default" || Object.hasOwn(classes, name);
    const unknown = [defaultClass, ...Object.values(keys)].find((name) => !known(name));
    if (unknown !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["privacy"],
        message: `names the class ${unknown}, which classes does not`,
      });
    }
    if (fallback !== undefined && routes[fallback]?.residency !== "local") {
      context.addIssue({
        code: "custom",
        path: ["privacy", "fallback"],
        message: "should name a route of residency local",
      });
    }
  })
  .meta({ id: "GatewayConfig", description: "Configuration of the gateway" });
export type GatewayConfig = z.infer<typeof GatewayConfig>;
