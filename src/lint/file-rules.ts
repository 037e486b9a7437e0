// What holds for files of an estate by their name: the first line of its YAML, the lines of its image lock.
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { EstateFiles } from "../estate/inspect.ts";
import { at, inFile, type LintFinding } from "./finding.ts";
import type { EstateEntry } from "./walk.ts";

const schemaOf: readonly (readonly [RegExp, string])[] = [
  [/^estate\.yaml$/, "estate"],
  [/^inventory\/hosts\.yaml$/, "hosts"],
  [/^inventory\/images\.lock\.yaml$/, "images-lock"],
  [/^inventory\/secrets\.example\.yaml$/, "secrets-example"],
  [/^services\/[^/]+\/service\.yaml$/, "service"],
  [/^services\/[^/]+\/compose\.yaml$/, "compose"],
];

/** The first line names the file's schema, and a schema that is named by its place is there. */
export function checkSchemaComments(entries: readonly EstateEntry[], root: string): readonly LintFinding[] {
  return entries.flatMap(({ path, text }) => {
    const schema = schemaOf.find(([pattern]) => pattern.test(path))?.[1];
    if (schema === undefined || text === undefined) return [];
    const [first = ""] = text.split("\n", 1);
    const named = /^# yaml-language-server: \$schema=(\S+)\s*$/.exec(first)?.[1];
    const fix = `begin the file with: # yaml-language-server: $schema=PATH/${schema}.json`;
    if (named === undefined || basename(named) !== `${schema}.json`) {
      return [
        inFile("schema-comment", [path, 1], { what: `should name the schema ${schema}.json in its first line`, fix }),
      ];
    }
    if (named.includes("://") || existsSync(join(root, dirname(path), named))) return [];
    return [inFile("schema-comment", [path, 1], { what: `should name a schema that is there, got ${named}`, fix })];
  });
}

/** A line that nobody uses is a digest that nobody looks after. */
export function checkLock({ imagesLock, services }: EstateFiles): readonly LintFinding[] {
  const used = new Set(
    services.flatMap(({ compose, service }) => [
      ...Object.values(compose.value.services).map(({ image }) => image.replace(/@sha256:[0-9a-f]{64}$/, "")),
      ...(service.value.build === undefined ? [] : [service.value.build]),
    ]),
  );
  return Object.keys(imagesLock.value.images)
    .filter((ref) => !used.has(ref))
    .map((ref) => {
      const told = { what: "should be the image of a service, nothing runs it", fix: "remove the line" };
      return at("unused-image", [imagesLock, ["images", ref]], told);
    });
}
