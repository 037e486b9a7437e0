// The schemas of the files that an operator writes, in the order in which a newcomer meets them.
import type * as z from "zod";
import { ComposeFile } from "./compose-file.ts";
import { EstateFile } from "./estate-file.ts";
import { HostsFile } from "./hosts-file.ts";
import { ImagesLockFile } from "./images-lock-file.ts";
import { SecretsExampleFile } from "./secrets-example-file.ts";
import { ServiceFile } from "./service-file.ts";

export type FileSchema = {
  /** Of its JSON Schema, schema/<name>.json, and of its page, docs/reference/<name>.md. */
  readonly name: string;
  /** A file of examples/harbour that it describes. */
  readonly file: string;
  readonly schema: z.ZodType;
};

export const schemas: readonly FileSchema[] = [
  { name: "estate", file: "estate.yaml", schema: EstateFile },
  { name: "hosts", file: "inventory/hosts.yaml", schema: HostsFile },
  { name: "service", file: "services/gateway/service.yaml", schema: ServiceFile },
  { name: "compose", file: "services/gateway/compose.yaml", schema: ComposeFile },
  { name: "images-lock", file: "inventory/images.lock.yaml", schema: ImagesLockFile },
  { name: "secrets-example", file: "inventory/secrets.example.yaml", schema: SecretsExampleFile },
];
