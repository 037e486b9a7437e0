// Looks through everything that an estate's folder holds. Reads, and asks shells to parse; touches no host.
import type { EstateFiles, Finding, Inspection } from "../estate/inspect.ts";
import { nearest } from "../estate/inspect.ts";
import { checkContainers } from "./container-rules.ts";
import { checkLock, checkSchemaComments } from "./file-rules.ts";
import { at, inFile, type LintFinding } from "./finding.ts";
import { checkModels } from "./model-rules.ts";
import { checkModes } from "./mode-rules.ts";
import { isRule } from "./rules.ts";
import { checkScripts } from "./script-rules.ts";
import { checkService } from "./service-rules.ts";
import { checkWaivers, waive } from "./waivers.ts";
import { type EstateEntry, walk } from "./walk.ts";

/** What lint cannot know by itself: other rooms' words, put in by whoever calls it. */
export type Known = {
  /** Controls of the hosts' roles. */
  readonly controls: ReadonlySet<string>;
  /** What Demesne wants of each host, as an `adopt` entry names it; empty when the estate could not be resolved. */
  readonly wanted: ReadonlyMap<string, ReadonlySet<string>>;
  /** What is wrong with files that Demesne wrote, relative to the estate. */
  readonly generated: readonly { readonly where: string; readonly what: string; readonly fix: string }[];
};

export type Linted = {
  readonly findings: readonly LintFinding[];
  /** False when a file is so wrong that nothing was checked across files. */
  readonly isWhole: boolean;
  readonly files: number;
  readonly services: number;
};

/** Every finding, sorted by place; the waived ones are among them. */
export async function lint(inspection: Inspection, known: Known, signal: AbortSignal): Promise<Linted> {
  const { root, files, today, isWhole } = inspection;
  const entries = await walk(root, signal);
  const found = [
    ...inspection.findings.map(ofEstate),
    ...(files === undefined ? [] : checkServices(files, entries)),
    ...(files === undefined || !isWhole ? [] : [...checkLock(files), ...checkAdopted(files, known)]),
    ...checkSchemaComments(entries, root),
    ...checkModes(entries),
    ...known.generated.map(({ where, what, fix }) => inFile("generated", [where, 1], { what, fix })),
    ...(await checkScripts(entries, { root, signal })),
  ];
  const all =
    files === undefined
      ? found
      : [...waive(found, files, today), ...(isWhole ? checkWaivers(found, files, known.controls) : [])];
  return {
    findings: all.sort(byPlace),
    isWhole,
    files: entries.filter(({ isFolder }) => !isFolder).length,
    services: files?.services.length ?? 0,
  };
}

function checkServices(files: EstateFiles, entries: readonly EstateEntry[]): readonly LintFinding[] {
  return files.services.flatMap((service) => {
    const readme = entries.find(({ path }) => path === `services/${service.name}/README.md`)?.text;
    return [...checkContainers(service), ...checkModels(service, files), ...checkService(service, files, readme)];
  });
}

/** The loader's findings; a file that is wrong by itself has no rule of its own. */
function ofEstate({ rule, file, line, path, what, fix }: Finding): LintFinding {
  const name = `estate-${rule ?? "file"}`;
  const known = isRule(name) ? name : "estate-file";
  return { ...inFile(known, [file, line ?? 1], { what, fix }), path: path.join("/") };
}

/** To adopt what Demesne never wants of a host changes nothing: mostly a slip of the pen. */
function checkAdopted({ hosts }: EstateFiles, { wanted }: Known): readonly LintFinding[] {
  return Object.entries(hosts.value.hosts).flatMap(([id, { adopt }]) => {
    const refs = wanted.get(id);
    if (refs === undefined) return [];
    return adopt.flatMap((ref, index) => {
      if (refs.has(ref)) return [];
      const near = nearest(ref, [...refs]);
      const fix =
        near === undefined ? "remove it; demesne plan names what it refuses to change" : `did you mean \`${near}\`?`;
      const what = `should be something that Demesne wants of ${id}, got ${ref}`;
      return [at("unknown-adopt", [hosts, ["hosts", id, "adopt", index]], { what, fix })];
    });
  });
}

function byPlace(one: LintFinding, other: LintFinding): number {
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.line - other.line || (one.rule < other.rule ? -1 : 1);
}
