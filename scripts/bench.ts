// npm run bench [NAME ...] [-- --json FILE]: runs the modules in bench/, prints their rows, fails when a budget is not kept.
import { readdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, release } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { judged, renderRows, Row } from "./bench-row.ts";

const folder = join(import.meta.dirname, "../bench");
const Module = z.object({
  name: z.string(),
  bench: z.custom<() => Promise<unknown>>((value) => typeof value === "function", "should be a function"),
});

const { values, positionals } = parseArgs({ options: { json: { type: "string" } }, allowPositionals: true });
const names = await chosen(positionals);
console.log(
  `Node ${process.version}, Linux ${release()}, ${availableParallelism()} x ${cpus()[0]?.model ?? "unknown"}`,
);
const rows: Row[] = [];
for (const name of names) {
  console.error(`bench ${name} ...`);
  rows.push(...(await measured(name)));
}
console.log(renderRows(rows).trimEnd());
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
process.exitCode = rows.some((row) => row.ok === false) ? 1 : 0;

async function chosen(wanted: readonly string[]): Promise<readonly string[]> {
  const known = (await readdir(folder)).filter((file) => file.endsWith(".ts")).map((file) => file.slice(0, -3));
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`no bench of this name: ${unknown.join(", ")}\nfix: choose of: ${known.join(", ")}`);
    process.exit(3);
  }
  return wanted.length > 0 ? wanted : known.sort();
}

async function measured(file: string): Promise<Row[]> {
  const { bench } = Module.parse(await import(join(folder, `${file}.ts`)));
  return z
    .array(Row)
    .parse(await bench())
    .map(judged);
}
