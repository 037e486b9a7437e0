// demesne image: builds the gateway's image into a file, to be pushed to a registry that the hosts reach.
import { existsSync } from "node:fs";
import { z } from "zod";
import { exportImage } from "../lab/index.ts";
import { Problem } from "../lib/problem.ts";
import { cacheFolder } from "./cache-folder.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { gatewayImage } from "./own-images.ts";

const ImageOptions = z.strictObject({});

export const image = command({
  name: "image",
  summary: "build the gateway's image into a file, for a registry of yours",
  arguments: [{ name: "file", description: "the OCI archive to write; it must not exist" }],
  options: ImageOptions,
  exits: ["done", "usage", "failed", "interrupted"],
  run: runImage,
});

async function runImage({ out }: Context, [file = ""]: readonly string[]): Promise<ExitName> {
  if (existsSync(file)) {
    throw new Problem({
      code: "usage",
      where: file,
      what: "is there already, and nothing is overwritten",
      fix: "name another file",
    });
  }
  const built = await gatewayImage(cacheFolder());
  await exportImage(built, file);
  out(`${built.digest}  ${file}\n`);
  out(`push it: skopeo copy oci-archive:${file} docker://REGISTRY/demesne/gateway\n`);
  out(
    "then name REGISTRY/demesne/gateway in services/gateway/compose.yaml, and the digest in inventory/images.lock.yaml\n",
  );
  return "done";
}
