// The digest of a tag: the manifest is fetched whole and digested here, so that a header alone is never believed.
import * as z from "zod";
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { ask, type Answer, type Asking } from "./ask.ts";
import { type Reference, referenceOf } from "./reference.ts";
import { tokenFor } from "./token.ts";

export type Resolved = {
  readonly digest: string;
  /** Of several platforms; a digest of one platform runs on no other. */
  readonly isIndex: boolean;
};

/** Indexes first: a registry that has both gives the first that is asked for. */
const TYPES = {
  index: ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"],
  manifest: ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"],
};

/** Throws Problem `unreachable` when the registry does not answer, `failed` when it has no such image. */
export async function resolveDigest(image: string, asking: Asking): Promise<Resolved> {
  const reference = referenceOf(image);
  const url = `${reference.base}/v2/${reference.repository}/manifests/${encodeURIComponent(reference.version)}`;
  const accept = [...TYPES.index, ...TYPES.manifest].join(", ");
  const first = await ask(url, { accept }, reference, asking);
  const answer = first.status === 401 ? await askAgain(url, accept, first, reference, asking) : first;
  if (answer.status !== 200) throw refusalOf(answer, reference);
  return read(answer, reference);
}

async function askAgain(
  url: string,
  accept: string,
  challenge: Answer,
  reference: Reference,
  asking: Asking,
): Promise<Answer> {
  const token = await tokenFor(challenge, reference, asking);
  return await ask(url, { accept, authorization: `Bearer ${token}` }, reference, asking);
}

const Manifest = z.object({ schemaVersion: z.literal(2), mediaType: z.string().optional() });

function read({ body, headers }: Answer, reference: Reference): Resolved {
  const found = digest(body);
  const told = headers["docker-content-digest"];
  if (typeof told === "string" && told.startsWith("sha256:") && told !== found) {
    throw wrong(reference, `sent a manifest with another digest than it says (${told}, is ${found})`);
  }
  if (reference.version.startsWith("sha256:") && reference.version !== found) {
    throw wrong(reference, `sent another manifest than was asked for (${found})`);
  }
  const parsed = Manifest.safeParse(jsonOf(body));
  if (!parsed.success) throw wrong(reference, "sent something that is no image manifest");
  const type = parsed.data.mediaType ?? String(headers["content-type"] ?? "").split(";")[0] ?? "";
  return { digest: found, isIndex: TYPES.index.includes(type) };
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function wrong({ text, base }: Reference, what: string): Problem {
  const fix = `do not pull ${text} from there; ask who runs ${hostOf(base)}, or what stands in between`;
  return new Problem({ code: "failed", where: text, what: `${hostOf(base)} ${what}`, fix });
}

function refusalOf({ status }: Answer, { text, base }: Reference): Problem {
  const host = hostOf(base);
  const [what, fix] =
    status === 404
      ? [
          `is not in the registry ${host}`,
          "correct the name or the tag in compose.yaml; a tag that is gone needs another one",
        ]
      : status === 401 || status === 403
        ? [`may not be read at ${host} without an account`, "copy it to a registry that may be read, and name it there"]
        : status === 429
          ? [`was asked for too often at ${host}`, "wait an hour, then run the same command again"]
          : [`could not be read: ${host} answered ${status}`, "run the same command again later"];
  return new Problem({ code: status >= 500 || status === 429 ? "unreachable" : "failed", where: text, what, fix });
}

function hostOf(base: string): string {
  return new URL(base).host;
}
