// What an `image:` of a compose file says: a tag pinned to a digest, or the bare name of an image that is built here.

export type ImageText =
  | { readonly kind: "pinned"; readonly ref: string; readonly digest: string }
  | { readonly kind: "named"; readonly name: string };

const pinned =
  /^(?<ref>[a-z0-9][a-z0-9._/:-]*[a-z0-9](?::[A-Za-z0-9_][A-Za-z0-9_.-]*))@(?<digest>sha256:[0-9a-f]{64})$/;

/** Splits `name:tag@sha256:...`; anything else is a name. */
export function imageOf(text: string): ImageText {
  const match = pinned.exec(text)?.groups;
  if (match?.["ref"] === undefined || match["digest"] === undefined) return { kind: "named", name: text };
  return { kind: "pinned", ref: match["ref"], digest: match["digest"] };
}
