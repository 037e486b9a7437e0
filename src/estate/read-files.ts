// Reads and parses every file of an estate, gathering all that is wrong before it gives up.
import type * as z from "zod";
import { ComposeFile } from "./compose-file.ts";
import { EstateFile } from "./estate-file.ts";
import { check } from "./explain.ts";
import type { EstateFiles, Parsed, ServiceFiles } from "./files.ts";
import type { Finding } from "./finding.ts";
import type { EstateFolder } from "./folder.ts";
import { HostsFile } from "./hosts-file.ts";
import { ImagesLockFile } from "./images-lock-file.ts";
import { SecretsExampleFile } from "./secrets-example-file.ts";
import { ServiceFile } from "./service-file.ts";
import { parseYaml } from "./yaml-source.ts";

/** All files of the estate, or everything that is wrong with any of them taken alone. */
export async function readFiles(folder: EstateFolder): Promise<EstateFiles | readonly Finding[]> {
  const findings: Finding[] = [];
  const read = async <T>(file: string, schema: z.ZodType<T>): Promise<Parsed<T> | undefined> => {
    const result = await readYaml(folder, file, schema);
    if ("value" in result) return result;
    findings.push(...result);
    return undefined;
  };
  const estate = await read("estate.yaml", EstateFile);
  const hosts = await read("inventory/hosts.yaml", HostsFile);
  const imagesLock = await read("inventory/images.lock.yaml", ImagesLockFile);
  const secrets = await read("inventory/secrets.example.yaml", SecretsExampleFile);
  const services: ServiceFiles[] = [];
  for (const name of await folder.folders("services")) {
    if (name.startsWith("_")) continue;
    const service = await read(`services/${name}/service.yaml`, ServiceFile);
    const compose = await read(`services/${name}/compose.yaml`, ComposeFile);
    if (service === undefined || compose === undefined) continue;
    services.push({ name, service, compose, texts: await readTexts(folder, name, service, findings) });
  }
  if (estate === undefined || hosts === undefined || imagesLock === undefined || secrets === undefined) return findings;
  return findings.length > 0 ? findings : { estate, hosts, imagesLock, secrets, services };
}

async function readYaml<T>(
  folder: EstateFolder,
  file: string,
  schema: z.ZodType<T>,
): Promise<Parsed<T> | readonly Finding[]> {
  const text = await folder.read(file);
  if (typeof text !== "string") return [text];
  const source = parseYaml(file, text);
  if (!("value" in source)) return source;
  const checked = check(schema, source.value);
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
