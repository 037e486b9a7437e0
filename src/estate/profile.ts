// The seam: everything that may differ between `profile: cloud` and `profile: airgapped`, and nothing else may.
import * as z from "zod";
import { HostPath, Name, SecretName, Url } from "./fields.ts";

export const ProfileName = z.enum(["cloud", "airgapped"]).meta({
  description: "cloud: a hosted model, de-identified data only; airgapped: an open-weight model, no egress",
});
export type ProfileName = z.infer<typeof ProfileName>;

/** A model and how it is reached: the profile's own, and one of yours beside a hosted one. */
const endpoint = {
  dialect: z.enum(["anthropic", "openai"]).meta({ description: "the wire format that the endpoint speaks" }),
  url: Url.refine((url) => !/\/v1\/?$/.test(url), { error: "should be the base URL, without /v1" }).meta({
    description: "base URL of the endpoint, without /v1",
    examples: ["https://api.example.net"],
  }),
  secret: SecretName.optional().meta({ description: "the key of the endpoint; only the gateway gets it" }),
  service: Name.optional().meta({ description: "the service of this estate that answers, if it is one of ours" }),
  names: z
    .record(z.string().min(1), z.string().min(1))
    .meta({ description: "the model names that clients use, and the endpoint's own name of each" }),
  dataClasses: z
    .record(z.string(), z.array(Name).min(1, { error: "should list at least one class" }))
    .default({})
    .meta({
      description:
        "the classes of data that each of the names may be sent; a name that is not listed may be sent all that its class allows",
      examples: [{ large: ["internal", "deidentified"] }],
    }),
  images: z.boolean().default(false).meta({ description: "a model of dialect openai reads images" }),
};

const Local = z
  .strictObject(endpoint)
  .meta({ description: "a model of your own beside the hosted one, for what must stay" });

const Model = z
  .strictObject({
    ...endpoint,
    residency: z.enum(["local", "uk", "eu", "us", "global"]).meta({
      description: "where requests are processed; anything but local is a hosted model",
    }),
    local: Local.optional(),
    fallback: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          "the name of the local model that gets what cannot be cleaned for the hosted one, whatever models a service's key lists; " +
          "such requests are refused without it",
        examples: ["own"],
      }),
  })
  .meta({ description: "where the gateway sends model requests" });

const Corpus = z
  .strictObject({
    path: HostPath.meta({ description: "the folder on the control host that documents are read from" }),
    dataClass: Name.meta({ description: "the class of data that the documents belong to" }),
  })
  .meta({ description: "where documents come from" });

const Observability = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("local") }).meta({ description: "stays on the host's own disk" }),
    z.strictObject({ kind: z.literal("otlp"), url: Url }).meta({ description: "is sent to an OTLP endpoint" }),
  ])
  .meta({ description: "where traces and metrics go" });

const Artefacts = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("upstream") }).meta({ description: "from where they are published" }),
    z.strictObject({ kind: z.literal("bundle"), path: HostPath }).meta({ description: "from an imported bundle" }),
  ])
  .meta({ description: "where images and packages come from" });

export const Profile = z.strictObject({
  model: Model,
  corpus: Corpus,
  observability: Observability,
  artefacts: Artefacts,
});
export type Profile = z.infer<typeof Profile>;
