// inventory/images.lock.yaml: which digest a tag stood for when it was last looked at. A tag may be pushed again.
import * as z from "zod";
import { Digest } from "./fields.ts";

export const ImagesLockFile = z
  .strictObject({
    images: z
      .record(
        // A registry may have a port.
        z.string().regex(/^(?:[a-z0-9][a-z0-9.-]*:\d{1,5}\/)?[a-z0-9][a-z0-9._/-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/, {
          error: "should be an image reference, `name:tag`",
        }),
        Digest,
      )
      .meta({ description: "digest of each image, by reference; of a built image, by its name" }),
  })
  .meta({ title: "inventory/images.lock.yaml", description: "The digests of all images." });
export type ImagesLockFile = z.infer<typeof ImagesLockFile>;
