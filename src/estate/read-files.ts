// Reads and parses every file of an estate, gathering all that is wrong before it gives up.
import type * as z from "zod";
import { readSigners } from "./approvals.ts";
import { ComposeFile, refusedKeys } from "./compose-file.ts";
import { EstateFile } from "./estate-file.ts";
import { check, type Refused } from "./explain.ts";
import { Name } from "./fields.ts";
import type { EstateFiles, Parsed, ServiceFiles } from "./files.ts";
import type { Finding } from "./finding.ts";
import type { EstateFolder } from "./folder.ts";
import { HostsFile } from "./hosts-file.ts";
import { ImagesLockFile } from "./images-lock-file.ts";
import { SecretsExampleFile } from "./secrets-example-file.ts";
import { ServiceFile } from "./service-file.ts";
import { SECRETS_FILE } from "./secrets-file.ts";
import { parseYaml } from "./yaml-source.ts";

export type ReadFiles = {
  /** Without the services whose files are wrong; undefined when one of the estate's own files is. */
  readonly files: EstateFiles | undefined;
  readonly findings: readonly Finding[];
};

/** All files of the estate, and everything that is wrong with any of them taken alone. */
export async function readFiles(folder: EstateFolder): Promise<ReadFiles> {
  const findings: Finding[] = [];
  const read = async <T>(file: string, shape: FileShape<T>): Promise<Parsed<T> | undefined> => {
    const result = await readYaml(folder, file, shape);
    if ("value" in result) return result;
    findings.push(...result);
    return undefined;
  };
  const estate = await read("estate.yaml", { schema: EstateFile });
  const hosts = await read("inventory/hosts.yaml", { schema: HostsFile });
  const imagesLock = await read("inventory/images.lock.yaml", { schema: ImagesLockFile });
  const secrets = await read("inventory/secrets.example.yaml", { schema: SecretsExampleFile });
  findings.push(...(await readSealed(folder)));
  const signers = await readSigners(folder, estate?.value.approvals !== undefined, findings);
  const services: ServiceFiles[] = [];
  for (const name of await folder.folders("services")) {
    if (name.startsWith("_")) continue;
    findings.push(...checkName(name));
    const service = await read(`services/${name}/service.yaml`, { schema: ServiceFile });
    const compose = await read(`services/${name}/compose.yaml`, composeShape);
    if (service === undefined || compose === undefined) continue;
    services.push({ name, service, compose, texts: await readTexts(folder, name, service, findings) });
  }
  if (estate === undefined || hosts === undefined || imagesLock === undefined || secrets === undefined)
    return { files: undefined, findings };
  return { files: { estate, hosts, imagesLock, secrets, services, signers }, findings };
}

/** The secrets are not opened here: the file only counts as an input, and must be encrypted. It may not be there yet. */
async function readSealed(folder: EstateFolder): Promise<readonly Finding[]> {
  if (!(await folder.exists(SECRETS_FILE))) return [];
  const text = await folder.read(SECRETS_FILE);
  if (typeof text !== "string") return [text];
  if (/^"?sops"?[ \t]*:/m.test(text)) return [];
  const what = "should be encrypted, it has no sops metadata";
  const fix = `demesne secrets edit ${SECRETS_FILE}, and replace every value that was ever committed`;
  return [{ file: SECRETS_FILE, line: undefined, path: [], what, fix }];
}

function checkName(name: string): readonly Finding[] {
  const checked = check(Name, name);
  const file = `services/${name}`;
  if ("value" in checked) return [];
  return checked.faults.map(({ what }) => ({ file, line: undefined, path: [], what, fix: "rename the folder" }));
}

type FileShape<T> = {
  readonly schema: z.ZodType<T>;
  readonly refused?: Refused;
  /** Takes out of the value what the schema is not to see. */
  readonly trim?: (value: unknown) => unknown;
};

const composeShape: FileShape<ComposeFile> = { schema: ComposeFile, refused: refusedKeys, trim: withoutExtensions };

function withoutExtensions(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("x-")));
}

async function readYaml<T>(
  folder: EstateFolder,
  file: string,
  shape: FileShape<T>,
): Promise<Parsed<T> | readonly Finding[]> {
  const text = await folder.read(file);
  if (typeof text !== "string") return [text];
  const source = parseYaml(file, text);
  if (!("value" in source)) return source;
  const value = shape.trim === undefined ? source.value : shape.trim(source.value);
  const checked = check(shape.schema, value, shape.refused);
  if ("value" in checked) return { ...source, value: checked.value };
  return checked.faults.map((fault) => ({ ...fault, file, line: source.lineOf(fault.path) }));
}

/** The files that a service's compose.yaml mounts. */
async function readTexts(
  folder: EstateFolder,
  name: string,
  service: Parsed<ServiceFile>,
  findings: Finding[],
): Promise<readonly { name: string; text: string }[]> {
  const texts: { name: string; text: string }[] = [];
  for (const [index, file] of service.value.files.entries()) {
    const text = await folder.read(`services/${name}/${file}`);
    if (typeof text === "string") texts.push({ name: file, text });
    else findings.push({ ...text, file: service.file, line: service.lineOf(["files", index]), path: ["files", index] });
  }
  return texts;
}
