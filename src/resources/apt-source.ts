// A package source in deb822 form, with the key that signs it beside it.
import { z } from "zod";
import { file, type FileWanted } from "./file.ts";
import { same, type Kind, type Verdict } from "./kind.ts";
import { absentPath, pathObserved, type PathObserved } from "./path.ts";
import { task } from "./step.ts";

export const AptSourceWanted = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/)
    .meta({ description: "Name of the source; the file is NAME.sources", examples: ["docker"] }),
  uris: z.array(z.string()).min(1).meta({ description: "Archive roots" }),
  suites: z
    .array(z.string())
    .min(1)
    .meta({ description: "Suites", examples: [["bookworm"]] }),
  components: z
    .array(z.string())
    .min(1)
    .meta({ description: "Components", examples: [["stable"]] }),
  key: z.string().includes("BEGIN PGP PUBLIC KEY BLOCK").meta({ description: "Armoured public key that signs it" }),
});
export type AptSourceWanted = z.infer<typeof AptSourceWanted>;

export const AptSourceObserved = z.strictObject({ source: pathObserved, key: pathObserved });
export type AptSourceObserved = z.infer<typeof AptSourceObserved>;

export const aptSource: Kind<AptSourceWanted, AptSourceObserved> = {
  kind: "apt-source",
  purpose: "A package source in deb822 form, with the key that signs it.",
  wanted: AptSourceWanted,
  observed: AptSourceObserved,
  ownable: true,
  absent: { source: absentPath, key: absentPath },
  id: (wanted) => wanted.name,
  needs: () => [],

  probe: (id, wanted) => [
    ...file.probe(sourcePath(id), wanted && sourceFile(wanted)),
    ...file.probe(keyPath(id), wanted && keyFile(wanted)),
  ],
  read(id, answers, wanted) {
    const source = file.read(sourcePath(id), answers, wanted && sourceFile(wanted));
    if ("unobservable" in source) return source;
    const key = file.read(keyPath(id), answers, wanted && keyFile(wanted));
    return "unobservable" in key ? key : { source, key };
  },

  compare(wanted, observed) {
    const verdicts = files(wanted).map(([each, of]) => file.compare(each, observed[of], {}));
    const refused = verdicts.find((each) => each.verdict === "refused");
    if (refused !== undefined) return refused;
    const differing = verdicts.flatMap((each) => (each.verdict === "differs" ? [each] : []));
    if (differing.length === 0) return same;
    // One of the two may stand there, put by somebody else: writing over it is no creation.
    const isTaken = files(wanted).some(([, of], index) => isOther(observed[of], verdicts[index]));
    const action = isTaken ? "update" : "create";
    return { verdict: "differs", action, differences: differing.flatMap((each) => each.differences), risk: "routine" };
  },
  isPresent: ({ source, key }) => source.type !== "absent" || key.type !== "absent",

  predict: () => ({}),
  touches: ({ id }) => ({ paths: [sourcePath(id), keyPath(id)] }),

  tasks: (changes) => [
    ...changes.flatMap(({ id, wanted, observed }) =>
      wanted === undefined
        ? [sourcePath(id), keyPath(id)].map((path) => task(`remove ${path}`, "file", { path, state: "absent" }))
        : files(wanted).flatMap(([each, of]) =>
            file.tasks([
              {
                action: "create",
                ref: `file:${each.path}`,
                id: each.path,
                wanted: each,
                observed: observed[of],
                differences: [],
              },
            ]),
          ),
    ),
    task("read the package lists again", "apt", { update_cache: true }),
  ],
  idempotent: (wanted) => files(wanted).flatMap(([each]) => file.idempotent(each)),

  sentence: ({ action, id }) =>
    `${action === "create" ? "add" : action === "remove" ? "remove" : "change"} the package source ${id}`,
};

function sourcePath(name: string): string {
  return `/etc/apt/sources.list.d/${name}.sources`;
}

function keyPath(name: string): string {
  return `/etc/apt/keyrings/${name}.asc`;
}

function isOther(found: PathObserved, verdict: Verdict | undefined): boolean {
  return found.type !== "absent" && verdict?.verdict === "differs";
}

const root = { mode: "0644", owner: "root", group: "root" };

function keyFile({ name, key }: AptSourceWanted): FileWanted {
  return { path: keyPath(name), content: key, ...root };
}

function sourceFile(wanted: AptSourceWanted): FileWanted {
  const text = [
    "# Written by Demesne.",
    "Types: deb",
    `URIs: ${wanted.uris.join(" ")}`,
    `Suites: ${wanted.suites.join(" ")}`,
    `Components: ${wanted.components.join(" ")}`,
    `Signed-By: ${keyPath(wanted.name)}`,
  ];
  return { path: sourcePath(wanted.name), content: `${text.join("\n")}\n`, ...root };
}

/** The key first: a source without it makes apt fail. */
function files(wanted: AptSourceWanted): [FileWanted, "source" | "key"][] {
  return [
    [keyFile(wanted), "key"],
    [sourceFile(wanted), "source"],
  ];
}
