// inventory/secrets.example.yaml: every secret that the estate needs, without a value. Safe to read, safe to commit.
import * as z from "zod";
import { SecretName, Sentence } from "./fields.ts";

const Generate = z.enum(["hex-32", "base64-32", "virtual-key", "provided"]).meta({
  description: "how a new value is made; `provided` comes from somebody else and is only made up for a rehearsal",
});

export const SecretsExampleFile = z
  .strictObject({
    secrets: z
      .record(SecretName, z.strictObject({ generate: Generate, note: Sentence }))
      .meta({ description: "the secrets, by path in inventory/secrets.sops.yaml" }),
  })
  .meta({
    title: "inventory/secrets.example.yaml",
    description: "The secrets that the estate needs, and how each is made.",
  });
export type SecretsExampleFile = z.infer<typeof SecretsExampleFile>;
