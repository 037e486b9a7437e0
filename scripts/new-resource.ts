// node scripts/new-resource.ts KIND "PURPOSE.": a new kind of resource from the template, in the registry, with its first
// cases. It is whole from the start, so that every step away from it shows in a test.
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const [kind = "", purpose = ""] = process.argv.slice(2);

if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(kind) || !/^[A-Z].*\.$/.test(purpose)) {
  console.error(
    "usage: node scripts/new-resource.ts KIND PURPOSE, where KIND is in kebab-case and PURPOSE a sentence:",
  );
  console.error('       node scripts/new-resource.ts swap-file "A swap file of this size."');
  process.exitCode = 2;
} else if (await isThere(`src/resources/${kind}.ts`)) {
  console.error(`src/resources/${kind}.ts: is there already`);
  process.exitCode = 1;
} else {
  await make(kind, purpose);
}

async function make(name: string, sentence: string): Promise<void> {
  await put(`src/resources/${name}.ts`, filled(await text("src/resources/_template.ts.txt"), name, sentence));
  await put("src/resources/registry.ts", registered(await text("src/resources/registry.ts"), name));
  for (const [file, content] of Object.entries(cases(name)))
    await put(`test/cases/${name}/${file}.json`, `${JSON.stringify(content, null, 2)}\n`);
  console.log(`src/resources/${name}.ts and test/cases/${name}: now make them yours (docs/adding-a-resource.md)`);
  console.log("then: npm run format, npm run generate, node --test 'src/resources/*.test.ts'");
}

function filled(template: string, name: string, sentence: string): string {
  const camel = camelCase(name);
  const pascal = `${camel.charAt(0).toUpperCase()}${camel.slice(1)}`;
  const words = { __PURPOSE__: sentence, __KIND__: name, __name__: camel, __Name__: pascal };
  return Object.entries(words).reduce((all, [word, stands]) => all.replaceAll(word, () => stands), template);
}

/** Last but for checks, which look at what all others have made. */
function registered(registry: string, name: string): string {
  const camel = camelCase(name);
  const lines = registry.split("\n");
  const imports = lines.findIndex((line) => line.startsWith("import type"));
  const last = lines.indexOf("  check,");
  if (imports < 0 || last < 0) throw new Error("registry.ts has another form than this script knows");
  return [
    ...lines.slice(0, imports),
    `import { ${camel} } from "./${name}.ts";`,
    ...lines.slice(imports, last),
    `  ${camel},`,
    ...lines.slice(last),
  ].join("\n");
}

/** The sorts of case that every kind must have (src/resources/cases.test.ts). */
function cases(name: string): Record<string, unknown> {
  const path = `/etc/demesne/${name}/main`;
  const wanted = { name: "main" };
  const answers = (answer: unknown) => [{ query: { ask: "stat", path, content: true }, answer }];
  const file = { mode: "0644", owner: "root", group: "root" };
  return {
    "what-is-there-is-read": {
      wanted,
      answers: answers({ type: "file", ...file, digest: "sha256:aa", content: "off\n" }),
      observed: { value: "off" },
    },
    "what-is-not-there-is-absent": { wanted, answers: answers({ type: "absent" }), observed: { value: null } },
    "what-cannot-be-read-is-unobservable": {
      wanted,
      answers: answers({ unobservable: "OSError: [Errno 5] Input/output error" }),
      observed: { unobservable: "OSError: [Errno 5] Input/output error" },
    },
    "what-is-already-so-is-left-alone": { wanted, have: { value: "on" }, is: "same" },
    "what-is-not-there-is-made": {
      wanted,
      have: { value: null },
      is: "change",
      action: "create",
      differences: [["value", null, "on"]],
      risk: "routine",
      steps: [{ step: "tree", entries: [{ path, type: "file", ...file, content: "on\n" }] }],
      sentence: "set main to on",
      touches: { paths: [path] },
    },
    "what-is-no-longer-wanted-is-removed": {
      id: "main",
      have: { value: "on" },
      is: "change",
      action: "remove",
      steps: [{ step: "task", task: { name: `remove ${path}`, module: "file", args: { path, state: "absent" } } }],
      sentence: "remove main",
      touches: { paths: [path] },
    },
    "exported-it-is-a-task": {
      wanted,
      exported: [{ name: "set main", module: "copy", args: { dest: path, content: "on\n", mode: "0644" } }],
    },
  };
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

async function text(path: string): Promise<string> {
  return await readFile(join(root, path), "utf8");
}

async function put(path: string, content: string): Promise<void> {
  await mkdir(join(root, path, ".."), { recursive: true });
  await writeFile(join(root, path), content);
}

async function isThere(path: string): Promise<boolean> {
  return await access(join(root, path)).then(
    () => true,
    () => false,
  );
}
