// The usual collections, for the oracle only: taken out of one pinned wheel into the cache, never into the project.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../../src/lib/run.ts";

/** The PyPI package that carries them. Its modules run with Demesne's own pinned ansible-core. */
const WHEEL = { name: "ansible", version: "12.3.0" };
const SHA256 = "cd156f82fa87f7a899212b0efa9f7ca3a24d609212de9f78428a572eb01e5414";
const COLLECTIONS = ["ansible/posix", "community/docker", "community/library_inventory_filtering_v1"];
const DOWNLOAD_MS = 5 * 60_000;

const EXTRACT = `
import sys, zipfile
wheel, into, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(tuple("ansible_collections/%s/" % each for each in wanted)):
            archive.extract(name, into)
`;

/** Folder for ANSIBLE_COLLECTIONS_PATH, or the reason why there is none. */
export async function collections(cache: string): Promise<{ readonly folder: string } | { readonly missing: string }> {
  const folder = join(cache, "oracle", `${WHEEL.name}-${WHEEL.version}`);
  if (existsSync(folder)) return { folder };
  mkdirSync(join(cache, "oracle"), { recursive: true });
  const fresh = mkdtempSync(join(cache, "oracle", "fresh-"));
  try {
    const missing = (await download(fresh)) ?? (await extract(fresh));
    if (missing !== undefined) return { missing };
    renameSync(join(fresh, "collections"), folder);
    return { folder };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function download(folder: string): Promise<string | undefined> {
  const pinned = join(folder, "requirements.txt");
  writeFileSync(pinned, `${WHEEL.name}==${WHEEL.version} --hash=sha256:${SHA256}\n`);
  const pip = ["python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"];
  const argv = [...pip, "--only-binary", ":all:", "--require-hashes", "--dest", folder, "--requirement", pinned];
  const { status, stderr } = await run(argv, { timeoutMs: DOWNLOAD_MS });
  return status === 0 ? undefined : `pip cannot download the collections: ${stderr.trim().split("\n").at(-1)}`;
}

async function extract(folder: string): Promise<string | undefined> {
  const wheel = join(folder, `${WHEEL.name}-${WHEEL.version}-py3-none-any.whl`);
  const argv = ["python3", "-I", "-c", EXTRACT, wheel, join(folder, "collections"), ...COLLECTIONS];
  const { status, stderr } = await run(argv, { timeoutMs: 60_000 });
  return status === 0 ? undefined : `the collections cannot be taken out of the wheel: ${stderr.trim()}`;
}
