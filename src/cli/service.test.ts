// demesne service as an operator runs it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const main = new URL("main.ts", import.meta.url).pathname;
const base = new URL("../../test/cases/lint/estate", import.meta.url).pathname;
const room = mkdtempSync(join(tmpdir(), "demesne-service-"));
after(() => rmSync(room, { recursive: true }));
const DEADLINE_MS = 60_000;

type Ended = { readonly status: number | null; readonly out: string; readonly err: string };

function service(cwd: string, ...args: readonly string[]): Ended {
  const options = { cwd, env: { PATH: process.env["PATH"], HOME: room }, timeout: DEADLINE_MS } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { ...options, encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

function estate(name: string): string {
  const folder = join(room, name);
  cpSync(base, folder, { recursive: true });
  return folder;
}

/** Every file of a folder with its text: what must be the same when nothing was done. */
function all(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return files
    .map((file) =>
      statSync(join(folder, file)).isFile() ? `${file}\n${readFileSync(join(folder, file), "utf8")}` : file,
    )
    .join("\n");
}

test("the list shows what is in the estate and what could be; outside of an estate, the catalogue alone", () => {
  const { status, out } = service(estate("list"), "service");
  assert.equal(status, 0);
  assert.match(out, /^in this estate:\n {2}gateway {2}one {2}team {2}live {2}personal\n {2}notes +one/);
  assert.match(out, /^ {2}postgres +PostgreSQL 18\.6/m);
  const { services, catalogue } = JSON.parse(service(room, "service", "list", "--json").out);
  assert.deepEqual([services.length, catalogue.length], [0, 12]);
});

test("a service of the catalogue passes lint as it comes", () => {
  const folder = estate("postgres");
  const { status, out } = service(folder, "service", "new", "db", "--from", "postgres");
  assert.equal(status, 0);
  assert.match(out, /^wrote services\/db\/README\.md\n(?:wrote .+\n){4}next: /);
  const linted = service(folder, "lint");
  assert.deepEqual([linted.status, linted.out], [0, "14 files, 3 services: 0 errors, 0 warnings, 0 waived\n"]);
});

test("the template leaves its questions open, and its image to be locked; nothing else is wrong", () => {
  const folder = estate("template");
  const { status, out } = service(folder, "service", "new", "wiki");
  assert.equal(status, 0);
  assert.equal(out.match(/^open: services\/wiki\//gm)?.length, 7);
  assert.equal(out.match(/^fix: /gm)?.length, 1);
  assert.match(out, /services\/wiki\/image: should be pinned by digest.+\nfix: demesne images lock/);
});

test("the estate's own template is taken before ours", () => {
  const folder = estate("own");
  cpSync(join(folder, "services/notes"), join(folder, "services/_template"), { recursive: true });
  const { status } = service(folder, "service", "new", "wiki");
  assert.equal(status, 0);
  assert.ok(existsSync(join(folder, "services/wiki/notes.toml")));
});

test("what cannot be is refused, and nothing is written", () => {
  const folder = estate("refused");
  const before = all(folder);
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["new", "notes"], 7, /services\/notes: is there already\nfix: choose another name/],
    [["new", "hub", "--from", "gateway"], 7, /services\/gateway: is the gateway already/],
    [["new", "Wiki"], 3, /Wiki: should be the name of a service/],
    [["new", "../wiki"], 3, /should be the name of a service/],
    [["new"], 3, /should be the name of a service/],
    [["new", "db", "--from", "postgresql"], 3, /is not in the catalogue\nfix: choose one of: embeddings, /],
    [["remove", "notes"], 3, /should be new or list/],
  ];
  for (const [args, status, said] of cases) {
    const ended = service(folder, "service", ...args);
    assert.equal(ended.status, status, `${args.join(" ")}: ${ended.err}`);
    assert.match(ended.err, said);
  }
  const nowhere = service(room, "service", "new", "wiki");
  assert.equal(nowhere.status, 4);
  assert.equal(all(folder), before);
});
