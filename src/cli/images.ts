// demesne images: asks the registries which digests the estate's tags stand for; locks what is not locked, tells what moved.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { EnvHttpProxyAgent } from "undici";
import { inspectEstate } from "../estate/inspect.ts";
import { Problem } from "../lib/problem.ts";
import { resolveDigest } from "../registry/index.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { type AskedImage, imagesOf, lockInto, type NamedImage } from "./image-lock.ts";
import { renderImages } from "./render/images.ts";
import { writeWhole } from "./write-whole.ts";

const ImagesOptions = z.strictObject({
  estate: z.string().default(".").meta({ description: "the estate's folder", placeholder: "folder" }),
  update: z.boolean().optional().meta({ description: "lock: take the new digest of a tag that was pushed again" }),
  json: z.boolean().optional().meta({ description: "print as JSON" }),
});
type Options = z.infer<typeof ImagesOptions>;

const LOCK = "inventory/images.lock.yaml";
const TIMEOUT_MS = 20_000;
/** Registries count requests. */
const AT_ONCE = 4;

export const images = command({
  name: "images",
  summary: "lock, check: which digest each image's tag stands for at its registry",
  arguments: [{ name: "action", description: "lock or check", default: "check" }],
  options: ImagesOptions,
  exits: ["done", "unhealthy", "usage", "estate", "unreachable", "failed", "interrupted"],
  run: runImages,
});

async function runImages(
  context: Context,
  [action = "check"]: readonly string[],
  { estate, update, json }: Options,
): Promise<ExitName> {
  if (action !== "lock" && action !== "check") {
    const fix = "demesne images check";
    throw new Problem({ code: "usage", where: `images ${action}`, what: "should be lock or check", fix });
  }
  const inspection = await inspectEstate(estate, { signal: context.signal, clock: { now: () => Date.now() } });
  const named = imagesOf(inspection);
  const asked = await askAll(named, context);
  const wanted =
    action === "check" ? [] : asked.filter(({ state }) => state === "new" || (state === "moved" && update === true));
  await write(inspection.root, wanted);
  const done = new Set(wanted.map(({ ref }) => ref));
  context.out(
    json === true ? `${JSON.stringify({ format: 1, images: asked, locked: [...done] })}\n` : renderImages(asked, done),
  );
  return endOf(asked.filter(({ ref }) => !done.has(ref)));
}

/** The worst of what is left. */
function endOf(left: readonly AskedImage[]): ExitName {
  if (left.some(({ state }) => state === "moved" || state === "new")) return "unhealthy";
  const problem = left.find((image) => image.problem !== undefined)?.problem;
  if (problem === undefined) return "done";
  return problem.code === "unreachable" ? "unreachable" : "failed";
}

async function askAll(named: readonly NamedImage[], { progress, signal }: Context): Promise<readonly AskedImage[]> {
  const dispatcher = new EnvHttpProxyAgent();
  const asked: AskedImage[] = [];
  try {
    for (let first = 0; first < named.length; first += AT_ONCE) {
      const some = named.slice(first, first + AT_ONCE);
      progress.step(`asking for ${some.map(({ ref }) => ref).join(", ")}`);
      asked.push(
        ...(await Promise.all(
          some.map(async (image) => await askOne(image, { signal, timeoutMs: TIMEOUT_MS, dispatcher })),
        )),
      );
    }
  } finally {
    await dispatcher.close();
  }
  return asked;
}

async function askOne(image: NamedImage, asking: Parameters<typeof resolveDigest>[1]): Promise<AskedImage> {
  try {
    const { digest, isIndex } = await resolveDigest(image.ref, asking);
    return { ...image, state: stateOf(image, digest), digest, isIndex };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { code, where, what, fix } = error;
    return { ...image, state: "unknown", problem: { code, where, what, fix } };
  }
}

/** `new` also where one of the files lacks what the other has. */
function stateOf({ locked, isWhole }: NamedImage, digest: string): AskedImage["state"] {
  if (locked !== undefined && locked !== digest) return "moved";
  return isWhole && locked !== undefined ? "same" : "new";
}

/** The lock first: a line without its use is no error, a use without its line is. */
async function write(root: string, wanted: readonly AskedImage[]): Promise<void> {
  if (wanted.length === 0) return;
  const files = [LOCK, ...new Set(wanted.flatMap(({ files: used }) => used))];
  const texts: [string, string][] = [];
  for (const file of files) {
    const before = await readFile(join(root, file), "utf8");
    const text = lockInto(file === LOCK ? "lock" : "compose", before, wanted);
    const own = wanted.filter(({ files: used }) => used.includes(file));
    const left = own.find(({ ref, digest }) => !text.includes(`${ref}@${digest}`));
    if (left !== undefined) throw unwritten(file, left);
    texts.push([file, text]);
  }
  for (const [file, text] of texts) await writeWhole(join(root, file), text);
}

/** Behind an anchor, or in a form that is not `image: name:tag` in a line of its own. */
function unwritten(where: string, { ref, digest }: AskedImage): Problem {
  const fix = `write it there yourself: image: ${ref}@${digest}; nothing was written`;
  return new Problem({ code: "failed", where, what: `has no line \`image: ${ref}\` that could be changed`, fix });
}
