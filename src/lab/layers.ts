// A twin's disk: an overlay over the base, and plain folders where Docker makes overlays of its own (one cannot lie on
// another). Mounted in the holder's mount namespace only, so this machine's mount table never shows it.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { output } from "./command.ts";
import type { Holder } from "./holder.ts";

export type Layers = {
  readonly upper: string;
  readonly work: string;
  readonly root: string;
  /** Folder of this machine -> where it stands in the twin. */
  readonly binds: ReadonlyMap<string, string>;
};

export const REGISTRY_STORE = "/var/lib/demesne-lab/registry";

export function makeLayers(folder: string): Layers {
  const make = (name: string, mode = 0o755): string => {
    const path = join(folder, name);
    mkdirSync(path, { mode });
    return path;
  };
  return {
    upper: make("upper"),
    work: make("work"),
    root: make("root"),
    binds: new Map([
      [make("docker", 0o710), "/var/lib/docker"],
      [make("containerd", 0o711), "/var/lib/containerd"],
      [make("registry"), REGISTRY_STORE],
    ]),
  };
}

export async function mountLayers(holder: Holder, base: string, { upper, work, root }: Layers): Promise<void> {
  // A twin does not outlive this machine's power: syncing to disk would only slow it down.
  const options = `lowerdir=${base},upperdir=${upper},workdir=${work},volatile`;
  await output(holder.enter(["mount", "-t", "overlay", "overlay", "-o", options, root]));
  // nspawn notes its containers here; ours are nobody else's business and shall leave nothing.
  await output(holder.enter(["mount", "-t", "tmpfs", "tmpfs", "/run/systemd", "-o", "mode=0755"]));
}
