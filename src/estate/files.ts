// The parsed files of an estate, each with the lines of its text: what the checks look at and the Estate is made of.
import type { ComposeFile } from "./compose-file.ts";
import type { EstateFile } from "./estate-file.ts";
import type { Finding, Path } from "./finding.ts";
import type { HostsFile } from "./hosts-file.ts";
import type { ImagesLockFile } from "./images-lock-file.ts";
import type { SecretsExampleFile } from "./secrets-example-file.ts";
import type { ServiceFile } from "./service-file.ts";
import type { YamlSource } from "./yaml-source.ts";

export type Parsed<T> = YamlSource & { readonly value: T };

export type ServiceFiles = {
  readonly name: string;
  readonly service: Parsed<ServiceFile>;
  readonly compose: Parsed<ComposeFile>;
  readonly texts: readonly { readonly name: string; readonly text: string }[];
};

export type EstateFiles = {
  readonly estate: Parsed<EstateFile>;
  readonly hosts: Parsed<HostsFile>;
  readonly imagesLock: Parsed<ImagesLockFile>;
  readonly secrets: Parsed<SecretsExampleFile>;
  readonly services: readonly ServiceFiles[];
  /** Text of policy/allowed_signers, if it is there. */
  readonly signers: string | undefined;
};

/** A finding at `path` of a parsed file. */
export function at(source: YamlSource, path: Path, what: string, fix: string): Finding {
  return { file: source.file, line: source.lineOf(path), path, what, fix };
}
