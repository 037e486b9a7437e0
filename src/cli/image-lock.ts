// Images of an estate by the tag that its services name, locked or not; and how a digest gets into the files.
import { parseDocument } from "yaml";
import type { Inspection } from "../estate/inspect.ts";
import { Problem, type ProblemCode } from "../lib/problem.ts";

export type NamedImage = {
  /** `name:tag` */
  readonly ref: string;
  /** The digest that one of the files has for it. */
  readonly locked: string | undefined;
  /** Do compose.yaml and the lock both have it, everywhere? */
  readonly isWhole: boolean;
  /** The compose files that name it. */
  readonly files: readonly string[];
};

export type AskedImage = NamedImage & {
  readonly state: "same" | "new" | "moved" | "unknown";
  /** What the tag stands for now. */
  readonly digest?: string;
  readonly isIndex?: boolean;
  readonly problem?: {
    readonly code: ProblemCode;
    readonly where: string;
    readonly what: string;
    readonly fix: string;
  };
};

const PIN = /^(?<ref>\S+?)(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/** Sorted. An image that Demesne builds has no tag to ask for. Throws Problem `estate` when the files cannot be read. */
export function imagesOf({ files, findings, isWhole: isRead }: Inspection): readonly NamedImage[] {
  // A service whose files cannot be read would be left out, and all others reported to be well.
  if (files === undefined || !isRead) throw unread(findings);
  const lock = files.imagesLock.value.images;
  const used = files.services.flatMap(({ compose, service }) =>
    Object.values(compose.value.services).flatMap(({ image }) => {
      const { ref = "", digest } = PIN.exec(image)?.groups ?? {};
      const isBuilt = service.value.build !== undefined && digest === undefined;
      return ref === "" || isBuilt ? [] : [{ ref, digest, file: compose.file }];
    }),
  );
  return [...new Set(used.map(({ ref }) => ref))].sort().map((ref) => {
    const uses = used.filter((each) => each.ref === ref);
    const locked = uses.find(({ digest }) => digest !== undefined)?.digest ?? lock[ref];
    const isWhole = lock[ref] === locked && uses.every(({ digest }) => digest === locked);
    return { ref, locked, isWhole, files: [...new Set(uses.map(({ file }) => file))] };
  });
}

function unread([first]: Inspection["findings"]): Problem {
  const path = first === undefined || first.path.length === 0 ? "" : ` ${first.path.join("/")}`;
  const where = first === undefined ? "the estate" : `${first.file}:${first.line ?? 1}${path}`;
  return new Problem({
    code: "estate",
    where,
    what: first?.what ?? "cannot be read",
    fix: first?.fix ?? "demesne lint",
  });
}

/** The text with the new digests in it. */
export function lockInto(kind: "lock" | "compose", text: string, images: readonly AskedImage[]): string {
  return images.reduce(
    (before, { ref, digest = "" }) => (kind === "lock" ? inLock(before, ref, digest) : inCompose(before, ref, digest)),
    text,
  );
}

/** The mark `to be locked` has been answered; a question beside it too. */
function inCompose(text: string, ref: string, digest: string): string {
  const name = ref.replaceAll(/[.+?^$*(){}|[\]\\]/g, String.raw`\$&`);
  const line = new RegExp(String.raw`^(\s+image: *["']?)${name}(?:@sha256:[0-9a-f]{64})?(["']?)( *#.*)?$`, "gm");
  return text.replaceAll(line, (_, before: string, after: string, comment: string | undefined) => {
    const kept = comment === undefined || /to be locked/.test(comment) ? "" : comment;
    return `${before}${ref}@${digest}${after}${kept}`;
  });
}

function inLock(text: string, ref: string, digest: string): string {
  const document = parseDocument(text);
  const map = document.get("images");
  if (typeof map === "object" && map !== null && "flow" in map) map.flow = false;
  document.setIn(["images", ref], digest);
  return document.toString({ lineWidth: 0 });
}
