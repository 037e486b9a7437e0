// An image as one file, for a registry or an engine that is not here: an OCI image layout in a tar archive.
// Format: OCI image-spec 1.1, image-layout. `docker load`, `skopeo copy oci-archive:` and `crane push` read it.
import { canonicalJson } from "../lib/canonical-json.ts";
import { blobOf, type Image } from "./image.ts";
import { type TarEntry, writeTar } from "./tar.ts";

/** Writes the archive; the same image gives the same bytes. Throws EEXIST when the file is there already. */
export async function exportImage(image: Image, file: string): Promise<void> {
  const { blobs, config, layers, manifest, name } = image;
  const annotations = { "org.opencontainers.image.ref.name": "latest", "io.containerd.image.name": `${name}:latest` };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  const entries: TarEntry[] = [
    text("oci-layout", { imageLayoutVersion: "1.0.0" }),
    text("index.json", index),
    ...[manifest, config, ...layers].map(({ digest }): TarEntry => {
      const path = `blobs/sha256/${digest.slice("sha256:".length)}`;
      return { kind: "file", path, mode: 0o644, source: blobOf(blobs, digest) };
    }),
  ];
  await writeTar(file, entries);
}

function text(path: string, value: object): TarEntry {
  return { kind: "text", path, mode: 0o644, text: canonicalJson(value) };
}
