// Makes an image pullable in a twin: from Debian's own registry on the twin's loopback, read-only, over blobs that are laid
// into its storage from outside. The unit is the lab's, named so, and comes back after a reboot.
import { constants, copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { type Image, REGISTRY, blobOf } from "./image.ts";
import { REGISTRY_STORE } from "./layers.ts";
import type { Twin } from "./twin.ts";

const UNIT = "demesne-lab-registry.service";
const CONFIG = "/etc/demesne-lab/registry.yml";
const START_MS = 20_000;

/** Throws Problem `failed` when the twin's registry does not serve the image afterwards. */
export async function publishImage(twin: Twin, image: Image): Promise<void> {
  layOut(join(twin.wires.slot.folder, "registry", "docker/registry/v2"), image);
  if (!existsSync(join(twin.root(), CONFIG))) await startRegistry(twin);
  const argv = [
    "python3",
    "-c",
    ASK,
    `http://${REGISTRY}/v2/${image.name}/manifests/${image.digest}`,
    image.manifest.mediaType,
  ];
  const answer = await twin.exec(argv, { timeoutMs: START_MS });
  if (answer.status !== 0) throw notServed(twin, image, answer.stderr);
}

/** distribution's storage layout: blobs by digest, and links by which a repository owns them. */
function layOut(store: string, { name, blobs, manifest, config, layers }: Image): void {
  for (const { digest } of [manifest, config, ...layers]) {
    const hex = digest.slice("sha256:".length);
    const target = join(store, "blobs/sha256", hex.slice(0, 2), hex, "data");
    if (!existsSync(target)) copyWhole(blobOf(blobs, digest), target);
  }
  const repository = join(store, "repositories", name);
  for (const { digest } of [config, ...layers])
    putLink(join(repository, "_layers", digest.replace(":", "/"), "link"), digest);
  putLink(join(repository, "_manifests/revisions", manifest.digest.replace(":", "/"), "link"), manifest.digest);
}

function copyWhole(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, `${target}.part`, constants.COPYFILE_FICLONE);
  renameSync(`${target}.part`, target);
}

function putLink(file: string, digest: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, digest);
}

async function startRegistry(twin: Twin): Promise<void> {
  const root = twin.root();
  mkdirSync(join(root, dirname(CONFIG)), { recursive: true });
  writeFileSync(join(root, CONFIG), REGISTRY_CONFIG);
  writeFileSync(join(root, "/etc/systemd/system", UNIT), REGISTRY_UNIT);
  for (const argv of [["daemon-reload"], ["enable", "--now", UNIT]]) {
    const result = await twin.exec(["systemctl", ...argv], { timeoutMs: START_MS });
    if (result.status !== 0) throw notStarted(twin, result.stderr);
  }
}

const REGISTRY_CONFIG = `# Put here by the lab: not on a real host.
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: ${REGISTRY_STORE} }
  maintenance: { readonly: { enabled: true } }
http: { addr: "${REGISTRY}" }
`;

const REGISTRY_UNIT = `[Unit]
Description=Demesne lab: images for this twin (not on a real host)
Before=docker.service

[Service]
User=nobody
ExecStart=/usr/lib/demesne-lab/docker-registry serve ${CONFIG}
Restart=on-failure

[Install]
WantedBy=multi-user.target
`;

// It may still be starting: ask until it answers.
const ASK = `
import sys, time, urllib.request
for attempt in range(200):
    try:
        request = urllib.request.Request(sys.argv[1], headers={"Accept": sys.argv[2]})
        sys.exit(0 if urllib.request.urlopen(request, timeout=5).status == 200 else 1)
    except urllib.error.HTTPError as error:
        sys.exit(str(error))
    except OSError:
        time.sleep(0.05)
sys.exit("no answer")
`;

function notStarted(twin: Twin, why: string): Problem {
  return new Problem({
    code: "failed",
    where: `lab twin ${twin.id}: ${UNIT}`,
    what: `does not start: ${why.trim()}`,
    fix: `read its log in the twin: journalctl -u ${UNIT}`,
  });
}

function notServed(twin: Twin, image: Image, why: string): Problem {
  return new Problem({
    code: "failed",
    where: `lab twin ${twin.id}: ${image.reference}`,
    what: `is not served by the twin's registry: ${why.trim()}`,
    fix: `read its log in the twin: journalctl -u ${UNIT}`,
  });
}
