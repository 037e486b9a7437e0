// A container image that lies on the host, named by the digest of its content and by nothing that can move.
import { z } from "zod";
import { readEngine } from "./docker.ts";
import { same, type Kind } from "./kind.ts";
import type { Query } from "./query.ts";
import { command } from "./step.ts";

export const ImageWanted = z.strictObject({
  image: z
    .string()
    .regex(/^[^@\s]+@sha256:[0-9a-f]{64}$/)
    .meta({ description: "Repository and digest", examples: [`registry.example/web@sha256:${"0".repeat(64)}`] }),
});
export type ImageWanted = z.infer<typeof ImageWanted>;

export const ImageObserved = z.strictObject({ present: z.boolean() });
export type ImageObserved = z.infer<typeof ImageObserved>;

const query: Query = { ask: "docker", path: "/images/json" };
const EngineImage = z.object({ RepoDigests: z.array(z.string()).nullable() });

export const image: Kind<ImageWanted, ImageObserved> = {
  kind: "image",
  purpose: "A container image that lies on the host, named by its digest.",
  wanted: ImageWanted,
  observed: ImageObserved,
  ownable: false,
  absent: { present: false },
  id: (wanted) => wanted.image,
  needs: () => ["unit:docker.service"],

  probe: () => [query],
  read(id, answers) {
    const images = readEngine(answers, query, z.array(EngineImage));
    return "unobservable" in images
      ? images
      : { present: images.body.some((each) => (each.RepoDigests ?? []).includes(familiar(id))) };
  },

  compare: (_wanted, observed) =>
    observed.present
      ? same
      : {
          verdict: "differs",
          action: "create",
          differences: [{ path: "image", from: null, to: "pulled" }],
          risk: "routine",
        },
  isPresent: (observed) => observed.present,

  predict: () => ({}),
  touches: () => ({}),

  tasks: (changes) =>
    changes.map(({ action, id }) =>
      action === "remove"
        ? command(`remove the image ${id}`, ["docker", "image", "rm", familiar(id)])
        : command(`pull ${id}`, ["docker", "pull", "--quiet", id]),
    ),
  idempotent: ({ image: id }) => [
    {
      name: `look for ${id}`,
      module: "command",
      args: { argv: ["docker", "image", "inspect", id] },
      register: "demesne_image",
      changedWhen: "false",
      failedWhen: "false",
      checkMode: false,
    },
    {
      name: `pull ${id}`,
      module: "command",
      args: { argv: ["docker", "pull", "--quiet", id] },
      when: "demesne_image.rc != 0",
    },
  ],

  sentence: ({ action, id }) =>
    `${action === "remove" ? "remove" : "pull"} the image ${id.replace(/@sha256:([0-9a-f]{12}).*/, " ($1)")}`,
};

/** As the engine lists it: without the tag it was pulled by, and without the name of Docker's own registry. */
function familiar(id: string): string {
  return id.replace(/:[^:/@]+@/, "@").replace(/^(?:(?:index\.)?docker\.io\/)?(?:library\/)?/, "");
}
