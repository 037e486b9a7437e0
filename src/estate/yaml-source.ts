// A YAML 1.2 file with the line of everything in it. Refuses what YAML allows and an estate does not want: a key
// twice, tags, several documents, aliases that are missing, run in a circle or blow up.
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { YAMLError } from "yaml";
import type { Finding, Path } from "./finding.ts";

export type YamlSource = {
  /** Relative to the estate. */
  readonly file: string;
  readonly value: unknown;
  /** The line of the deepest part of `path` that is there. */
  lineOf(path: Path): number;
};

/** Aliases in a file, and again with what they refer to: more than any person writes by hand. */
const MAX_ALIASES = 100;

/** Reads the text of `file`; findings instead of a source when it is not YAML as an estate allows it. */
export function parseYaml(file: string, text: string): YamlSource | readonly Finding[] {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    stringKeys: true,
    resolveKnownTags: false,
  });
  const found = (offset: number, what: string): Finding => fault(file, lines.linePos(offset).line, what);
  // What follows the first is mostly its echo.
  const [first] = [...document.errors, ...document.warnings];
  if (first !== undefined) return [{ ...found(first.pos[0], told(first)), path: pathOf(first, document) }];
  if (document.directives?.yaml.version !== "1.2") return [found(0, "should be YAML 1.2")];
  const aliases = aliasFaults(document, found);
  if (aliases.length > 0) return aliases;
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { file, value, lineOf: (path) => lineOf(document, lines, path) };
  } catch (error) {
    // Missing aliases were found above, so that this can only be the limit, or a merge of what is not a map.
    if (error instanceof ReferenceError) return [fault(file, undefined, TOO_MANY)];
    if (error instanceof RangeError) return [fault(file, undefined, TOO_DEEP)];
    if (error instanceof Error && error.message.startsWith("Merge")) {
      return [fault(file, undefined, "should merge (`<<`) maps only")];
    }
    throw error;
  }
}

function fault(file: string, line: number | undefined, what: string): Finding {
  return { file, line, path: [], what, fix: `correct the YAML of ${file}` };
}

const TOO_DEEP = "should be nested less deeply";
const TOO_MANY = `should hold less behind aliases (\`*name\`): ${MAX_ALIASES} are the limit, also through one another`;

function told(error: YAMLError): string {
  if (/call stack/i.test(error.message)) return TOO_DEEP;
  if (error.code === "DUPLICATE_KEY") return "should be there once, this is the second";
  if (error.code === "MULTIPLE_DOCS") return "should be one document, got another after ---";
  if (error.code === "NON_STRING_KEY") return "should have plain text for a key";
  if (error.code === "TAG_RESOLVE_FAILED") return "should have no tags (`!name`)";
  return error.message.slice(0, 1).toLowerCase() + error.message.slice(1);
}

function aliasFaults(document: Document, found: (offset: number, what: string) => Finding): readonly Finding[] {
  const faults: Finding[] = [];
  let seen = 0;
  visit(document, {
    Alias: (_, alias, ancestors) => {
      // To resolve one is to walk the document: a file of aliases alone would take hours.
      seen += 1;
      if (seen > MAX_ALIASES) {
        faults.push(found(alias.range?.[0] ?? 0, TOO_MANY));
        return visit.BREAK;
      }
      const target = alias.resolve(document);
      const offset = alias.range?.[0] ?? 0;
      if (target === undefined)
        faults.push(found(offset, `should have an anchor &${alias.source} before *${alias.source}`));
      else if (ancestors.includes(target)) faults.push(found(offset, `should not hold itself, *${alias.source} does`));
      return undefined;
    },
  });
  return faults;
}

function pathOf(error: YAMLError, document: Document): Path {
  return error.code === "DUPLICATE_KEY" ? (pathAt(document.contents, error.pos[0]) ?? []) : [];
}

/** The path of the key or item that starts at `offset`. */
function pathAt(node: unknown, offset: number): Path | undefined {
  for (const member of membersOf(node)) {
    if (startOf(member.at) === offset) return [member.part];
    const inside = pathAt(member.value, offset);
    if (inside !== undefined) return [member.part, ...inside];
  }
  return undefined;
}

type Member = { readonly part: string | number; readonly at: unknown; readonly value: unknown };

/** What a map or a list holds, each with the node that its line is taken from: the key, or the item itself. */
function membersOf(node: unknown): readonly Member[] {
  if (isSeq(node)) return node.items.map((item, part) => ({ part, at: item, value: item }));
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => (isScalar(key) ? [{ part: String(key.value), at: key, value }] : []));
}

function lineOf(document: Document, lines: LineCounter, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    const next = memberOf(node, part, document);
    if (next === undefined) break;
    offset = startOf(next.at) ?? offset;
    node = next.value;
  }
  return lines.linePos(offset).line;
}

/** The member of a node, or of what is merged into it (`<<: *name`, or a list of them): the first that has it counts. */
function memberOf(node: unknown, part: string | number, document: Document): Member | undefined {
  const here = isAlias(node) ? node.resolve(document) : node;
  const members = membersOf(here);
  const own = members.find((member) => member.part === part);
  if (own !== undefined || !isMap(here)) return own;
  return members
    .filter((member) => member.part === MERGE)
    .flatMap(({ value }) => (isSeq(value) ? value.items : [value]))
    .map((merged) => memberOf(merged, part, document))
    .find((found) => found !== undefined);
}

const MERGE = "<<";

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
