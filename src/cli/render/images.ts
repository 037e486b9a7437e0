// What the registries said about an estate's images, one image a line; problems with their fix.
import type { AskedImage } from "../image-lock.ts";

/** `done`: those that were written into the lock just now. */
export function renderImages(images: readonly AskedImage[], done: ReadonlySet<string>): string {
  const moved = images.filter(({ ref, state }) => state === "moved" && !done.has(ref));
  const open = images.filter(({ ref, state }) => state === "new" && !done.has(ref));
  return [
    ...images.flatMap((image) => line(image, done)),
    ...(moved.length === 0
      ? []
      : [
          "fix: a tag that was pushed again holds other software: look at what changed, then demesne images lock --update",
        ]),
    ...(open.length === 0 ? [] : ["fix: demesne images lock"]),
    `${images.length} images: ${count(images, "same")} as locked, ${done.size} locked now, ${moved.length} moved, ${open.length} to be locked, ${count(images, "unknown")} not known`,
    "",
  ].join("\n");
}

function count(images: readonly AskedImage[], state: AskedImage["state"]): number {
  return images.filter((image) => image.state === state).length;
}

function line(
  { ref, state, locked, digest, isIndex, problem }: AskedImage,
  done: ReadonlySet<string>,
): readonly string[] {
  if (problem !== undefined) return [`${problem.where}: ${problem.what}`, `fix: ${problem.fix}`];
  const platform = isIndex === false ? ", of one platform" : "";
  if (done.has(ref)) return [`${ref}: locked to ${digest}${platform}`];
  if (state === "moved") return [`${ref}: moved, from ${locked} to ${digest}${platform}`];
  return [`${ref}: ${state === "new" ? "to be locked, is" : "as locked,"} ${digest}${platform}`];
}
