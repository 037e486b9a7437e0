// Which files a program consists of: its entry, what that imports, and so on, down into the packages it uses.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { isBuiltin } from "node:module";
import * as z from "zod";
import { Problem } from "../lib/problem.ts";

const Package = z.looseObject({
  dependencies: z.record(z.string(), z.string()).optional().meta({ description: "Packages it needs at run time" }),
});

/** Paths relative to `root`, sorted: source files, package.json, whole packages. Throws Problem `failed` on a lost import. */
export function sourceFiles(root: string, entry: string): string[] {
  const sources = new Set<string>();
  const packages = new Set<string>();
  follow(resolve(root, entry), sources, packages);
  const folders = new Set<string>();
  for (const name of packages) addPackage(root, root, name, folders);
  const files = [...folders].flatMap((folder) => filesBelow(folder));
  return [join(root, "package.json"), ...sources, ...files].map((file) => relative(root, file)).sort();
}

function follow(file: string, sources: Set<string>, packages: Set<string>): void {
  if (sources.has(file)) return;
  if (!existsSync(file)) throw lost(file, "file");
  sources.add(file);
  for (const name of importsOf(readFileSync(file, "utf8"))) {
    if (name.startsWith(".")) follow(resolve(dirname(file), name), sources, packages);
    else if (!isBuiltin(name)) packages.add(packageOf(name));
  }
}

/** Specifiers that exist at run time: type-only imports are gone by then. */
export function importsOf(source: string): string[] {
  const code = source.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
  const froms = code.matchAll(/^\s*(?:import|export)\s(?!type\s)(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']/gm);
  const calls = code.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g);
  return [...froms, ...calls].map(([, name = ""]) => name);
}

function packageOf(specifier: string): string {
  const [scope = "", name = ""] = specifier.split("/");
  return scope.startsWith("@") ? `${scope}/${name}` : scope;
}

/** The package as Node would find it from `from`, and all that it depends on. */
function addPackage(root: string, from: string, name: string, folders: Set<string>): void {
  const folder = findPackage(root, from, name);
  if (folders.has(folder)) return;
  folders.add(folder);
  const { dependencies = {} } = Package.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
  for (const dependency of Object.keys(dependencies)) addPackage(root, folder, dependency, folders);
}

function findPackage(root: string, from: string, name: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    if (existsSync(join(found, "package.json"))) return found;
    if (folder === root || folder === "/") throw lost(name, "package");
  }
}

/** Every file of a package but the packages nested in it, which come in their own right. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name === "node_modules") return [];
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

function lost(what: string, kind: string): Problem {
  return new Problem({
    code: "failed",
    where: `image: ${what}`,
    what: `this ${kind} is imported and not there`,
    fix: "run `npm ci`, or mend the import",
  });
}
