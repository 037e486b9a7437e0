// Builds a container image of one of our own programs, without a registry, a distribution or a container engine:
// two layers (Node; the program), a config and a manifest, kept in the cache by digest. The same files give the same digest.
// Formats: OCI image-spec 1.1, uncompressed layers, so that no compressor's version moves a digest.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { canonicalJson } from "../lib/canonical-json.ts";
import { digest as digestOf, digestJson } from "../lib/digest.ts";
import { touch } from "./aging.ts";
import type { Lab } from "./lab.ts";
import { IMAGE_USER, NODE, nodeRuntime } from "./node-runtime.ts";
import { sourceFiles } from "./source-files.ts";
import { type TarEntry, tarOutline, writeTar } from "./tar.ts";

export type ImageRequest = {
  /** Repository name in the registry, `demesne/gateway`. */
  readonly name: string;
  /** Folder with package.json, node_modules and the sources. */
  readonly root: string;
  /** The program, relative to `root`; what it imports comes along. */
  readonly entry: string;
  /** Files and folders it reads at run time, relative to `root`. */
  readonly include?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Folders it writes to: a volume mounted there starts out as theirs. */
  readonly state?: readonly string[] | undefined;
  /** TCP ports it listens on. */
  readonly ports?: readonly number[] | undefined;
  readonly healthcheck?: Healthcheck | undefined;
};

export type Healthcheck = {
  /** A program in the image; there is no shell. `node` is found. */
  readonly argv: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startMs: number;
  readonly retries: number;
};

export type Image = {
  readonly name: string;
  /** Digest of the manifest. */
  readonly digest: string;
  /** `127.0.0.1:5000/NAME@DIGEST`, as a twin pulls it. */
  readonly reference: string;
  readonly sizeBytes: number;
  /** Folder of blobs named by their hex digest. */
  readonly blobs: string;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
};

const Descriptor = z.strictObject({
  mediaType: z.string().meta({ description: "What the blob is" }),
  digest: z.string().meta({ description: "sha256 of the blob" }),
  size: z.int().nonnegative().meta({ description: "Bytes of the blob" }),
});
export type Descriptor = Readonly<z.infer<typeof Descriptor>>;

export const REGISTRY = "127.0.0.1:5000";

const TYPES = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

/** Throws Problem `failed` when the program imports what is not there. */
export async function buildImage(lab: Pick<Lab, "cache">, request: ImageRequest): Promise<Image> {
  const blobs = join(lab.cache, "images", "sha256");
  mkdirSync(blobs, { recursive: true });
  const layers = [
    await makeLayer(blobs, await nodeRuntime(request.root)),
    await makeLayer(blobs, programEntries(request)),
  ];
  const config = putJson(blobs, TYPES.config, imageConfig(request, layers));
  const manifest = putJson(blobs, TYPES.manifest, { schemaVersion: 2, mediaType: TYPES.manifest, config, layers });
  return {
    name: request.name,
    digest: manifest.digest,
    reference: `${REGISTRY}/${request.name}@${manifest.digest}`,
    sizeBytes: layers.reduce((total, layer) => total + layer.size, config.size),
    blobs,
    manifest,
    config,
    layers,
  };
}

function programEntries({ root, entry, include = [], state = [] }: ImageRequest): TarEntry[] {
  const files = new Set([...sourceFiles(root, entry), ...include.flatMap((path) => filesAt(root, path))]);
  const owner = Number(IMAGE_USER.split(":")[0]);
  const folders = state.map((path) => ({ kind: "folder", path: path.slice(1), mode: 0o700, owner }) as const);
  const programs = [...files].map((path): TarEntry => {
    const source = join(root, path);
    const mode = (statSync(source).mode & 0o111) === 0 ? 0o644 : 0o755;
    return { kind: "file", path: `app/${path}`, mode, source };
  });
  return [...folders, ...programs];
}

function filesAt(root: string, path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesAt(root, join(path, name)));
}

/** The layer's blob; made anew only when a file of it has changed. */
async function makeLayer(blobs: string, entries: readonly TarEntry[]): Promise<Descriptor> {
  const key = digestJson({ outline: await tarOutline(entries), contents: entries.map(identityOf) });
  const note = join(blobs, `${key.slice("sha256:".length)}.layer`);
  const known = readNote(note);
  if (known !== undefined && existsSync(blobOf(blobs, known.digest))) {
    for (const file of [note, blobOf(blobs, known.digest)]) touch(file, Date.now());
    return known;
  }
  const temporary = join(blobs, `${process.pid}-${Math.trunc(performance.now() * 1000)}.part`);
  try {
    const { digest, size } = await writeTar(temporary, entries);
    renameSync(temporary, blobOf(blobs, digest));
    const layer = { mediaType: TYPES.layer, digest, size };
    put(note, JSON.stringify(layer));
    return layer;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function identityOf(entry: TarEntry): object {
  if (entry.kind !== "file") return entry;
  const { size, mtimeMs, ctimeMs, ino } = statSync(entry.source);
  return { ...entry, size, mtimeMs, ctimeMs, ino };
}

function imageConfig(request: ImageRequest, layers: readonly Descriptor[]): object {
  const { entry, args = [], env = {}, ports = [], healthcheck } = request;
  return {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    config: {
      User: IMAGE_USER,
      WorkingDir: "/app",
      Env: Object.entries({ PATH: "/usr/local/bin", NODE_ENV: "production", ...env }).map(
        ([key, value]) => `${key}=${value}`,
      ),
      Entrypoint: [NODE, `/app/${entry}`],
      ...(args.length === 0 ? {} : { Cmd: args }),
      ...(ports.length === 0 ? {} : { ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])) }),
      ...(healthcheck === undefined ? {} : { Healthcheck: dockerHealthcheck(healthcheck) }),
      Labels: { "org.opencontainers.image.title": request.name },
    },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
    history: layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "demesne" })),
  };
}

/** Docker's own field in the config; durations in nanoseconds. */
function dockerHealthcheck({ argv, intervalMs, timeoutMs, startMs, retries }: Healthcheck): object {
  return {
    Test: ["CMD", ...argv],
    Interval: nano(intervalMs),
    Timeout: nano(timeoutMs),
    StartPeriod: nano(startMs),
    Retries: retries,
  };
}

function nano(ms: number): number {
  return ms * 1_000_000;
}

function putJson(blobs: string, mediaType: string, value: object): Descriptor {
  const text = canonicalJson(value);
  const digest = digestOf(text);
  put(blobOf(blobs, digest), text);
  return { mediaType, digest, size: Buffer.byteLength(text) };
}

function put(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.part`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

function readNote(file: string): Descriptor | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = Descriptor.safeParse(JSON.parse(readFileSync(file, "utf8")));
  return parsed.success ? parsed.data : undefined;
}

export function blobOf(blobs: string, digest: string): string {
  return join(blobs, digest.slice("sha256:".length));
}
