import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { importsOf, sourceFiles } from "./source-files.ts";

const root = mkdtempSync(join(tmpdir(), "demesne-sources-"));
after(() => rmSync(root, { recursive: true }));

function lay(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

test("imports that exist at run time are found, in each of their forms", () => {
  const source = [
    'import { a,\n  type B } from "./several-lines.ts";',
    'import * as z from "zod";',
    'import "./effect.ts";',
    'import whole, { part } from "./both.ts";',
    'export { c } from "./again.ts";',
    'export * from "./star.ts";',
    'const late = await import("./late.ts");',
    'import type { D } from "./type-only.ts";',
    'export type { E } from "./type-again.ts";',
    '// import "./comment.ts";',
    'const text = "not an import";',
  ].join("\n");
  assert.deepEqual(importsOf(source), [
    "./several-lines.ts",
    "zod",
    "./effect.ts",
    "./both.ts",
    "./again.ts",
    "./star.ts",
    "./late.ts",
  ]);
});

test("a program is its entry and all that it leads to, and nothing else", () => {
  lay({
    "package.json": '{ "type": "module" }',
    "src/main.ts": 'import { readFileSync } from "node:fs";\nimport { a } from "./room/index.ts";',
    "src/room/index.ts": 'export { a } from "./a.ts";\nimport "../main.ts";',
    "src/room/a.ts": 'import x from "pkg/deep/path.js";\nimport y from "@scope/one";',
    "src/room/a.test.ts": 'import "./a.ts";',
    "node_modules/pkg/package.json": '{ "dependencies": { "inner": "1" }, "devDependencies": { "tool": "1" } }',
    "node_modules/pkg/deep/path.js": "",
    "node_modules/pkg/node_modules/inner/package.json": "{}",
    "node_modules/inner/package.json": '{ "version": "another" }',
    "node_modules/@scope/one/package.json": "{}",
    "node_modules/tool/package.json": "{}",
  });
  assert.deepEqual(sourceFiles(root, "src/main.ts"), [
    "node_modules/@scope/one/package.json",
    "node_modules/pkg/deep/path.js",
    "node_modules/pkg/node_modules/inner/package.json",
    "node_modules/pkg/package.json",
    "package.json",
    "src/main.ts",
    "src/room/a.ts",
    "src/room/index.ts",
  ]);
});

test("an import that leads nowhere is told, not left out", () => {
  lay({ "src/lost-file.ts": 'import "./nowhere.ts";', "src/lost-package.ts": 'import "unheard-of";' });
  assert.throws(() => sourceFiles(root, "src/lost-file.ts"), {
    code: "failed",
    message: /nowhere\.ts: this file is imported/,
  });
  assert.throws(() => sourceFiles(root, "src/lost-package.ts"), {
    code: "failed",
    message: /unheard-of: this package is imported/,
  });
});
