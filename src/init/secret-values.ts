// A value for each secret of a new estate: made up, or a placeholder where only somebody else can give it.
import { stringify } from "yaml";
import type { Estate } from "../estate/index.ts";
import type { Random } from "../lib/ports.ts";
import { Sensitive } from "../lib/sensitive.ts";

/** A value that somebody else must give begins so until it was given; `demesne doctor` finds it. */
export const PLACEHOLDER = "placeholder-until-set-";

/** The secrets file's text in clear, every name of inventory/secrets.example.yaml once. */
export function newSecrets(refs: Estate["secretRefs"], random: Random): Sensitive {
  const tree: Tree = {};
  for (const { name, generate } of refs) put(tree, name.split("/"), valueOf(generate, random));
  return new Sensitive(stringify(tree));
}

type Tree = { [name: string]: string | Tree };

function put(tree: Tree, [first = "", ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) {
    tree[first] = value;
    return;
  }
  const below = tree[first];
  const inner = typeof below === "object" ? below : {};
  tree[first] = inner;
  put(inner, rest, value);
}

function valueOf(generate: Estate["secretRefs"][number]["generate"], random: Random): string {
  const bytes = (size: number): Buffer => Buffer.from(random.bytes(size));
  switch (generate) {
    case "base64-32":
      return bytes(32).toString("base64");
    case "virtual-key":
      return `sk-${bytes(24).toString("hex")}`;
    case "provided":
      return `${PLACEHOLDER}${bytes(8).toString("hex")}`;
    default:
      return bytes(32).toString("hex");
  }
}
