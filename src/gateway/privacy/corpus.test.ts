// The labelled corpus, and text that is nobody's: how much is found, and how much is masked for nothing.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
// oxlint-disable-next-line no-restricted-imports -- the corpus is a case, made the same every time
import { corpus as makeCorpus, type Line } from "../../../test/cases/privacy/generate.ts";
import { KINDS, type Findings } from "./kinds.ts";
import { NameList } from "./names.ts";
import { Scanner } from "./scan.ts";

const root = join(import.meta.dirname, "../../..");
const corpus: readonly Line[] = makeCorpus();

const CHECKED = new Set(["nhs", "hc", "chi", "iban", "card", "vat", "utr"]);
const scanner = new Scanner();

function covers(findings: Findings, start: number, end: number): boolean {
  return findings.some((at, n) => n % 3 === 0 && at <= start && (findings[n + 1] ?? 0) >= end);
}

describe("the labelled corpus", () => {
  const kinds = [...new Set(corpus.flatMap(({ spans }) => spans.map(({ kind }) => kind)))];
  for (const kind of kinds) {
    const bar = CHECKED.has(kind) ? 0.999 : 0.98;
    it(`is found: ${kind}, at least ${bar * 100} %`, () => {
      const lines = corpus.filter(({ spans }) => spans.some((span) => span.kind === kind));
      const missed = lines.filter(({ text, spans }) => {
        const findings = scanner.scan(text);
        return !spans.every(({ start, end }) => covers(findings, start, end));
      });
      assert.ok(lines.length >= 100);
      assert.ok(1 - missed.length / lines.length >= bar, missed.map(({ text }) => text).join("\n"));
    });
  }

  it("holds hard negatives, of which at most one in a hundred is masked", () => {
    const lines = corpus.filter(({ spans }) => spans.length === 0);
    const masked = lines.filter(({ text }) => scanner.scan(text).length > 0);
    assert.ok(lines.length >= 1000);
    assert.ok(masked.length <= lines.length / 100, masked.map(({ text }) => text).join("\n"));
  });
});

/** Source code of others. Their authors' e-mail addresses are right findings, and so are numbers in their examples. */
describe("vendored source code", () => {
  it("has at most one false mask in 100 KB", () => {
    let bytes = 0;
    const found: string[] = [];
    for (const name of ["zod", "yaml", "undici", "commander", "diff", "jsonc-parser", "@types/node"]) {
      for (const file of sources(join(root, "node_modules", name))) {
        const text = readFileSync(file, "utf8");
        bytes += text.length;
        found.push(...kindsIn(text).filter((kind) => kind !== "email"));
      }
    }
    assert.ok(bytes > 3_000_000, `${bytes} bytes`);
    assert.ok(found.length <= bytes / 100_000, `${found.length} in ${bytes} bytes: ${found.join(" ")}`);
  });
});

describe("logs and tables", () => {
  it("have at most one false mask in 100 KB", () => {
    const lines = Array.from({ length: 6000 }, (_, n) => {
      const [a, b] = [(n * 7919) % 10_007, (n * 104_729) % 99_991];
      return `2026-11-${10 + (n % 19)}T0${n % 10}:${10 + (n % 49)}:${10 + (a % 49)}.${a}Z [${b}] pid=${a} conn ${b}: 200 ${a * 31} bytes in ${b % 900} ms\n${n},${a},${b},${(a / 97).toFixed(6)},${1_700_000_000 + b * 17},item ${n}\n`;
    }).join("");
    assert.ok(lines.length > 500_000);
    const found = kindsIn(lines);
    assert.ok(found.length <= lines.length / 100_000, `${found.length}: ${found.join(" ")}`);
  });
});

function kindsIn(text: string): string[] {
  return scanner.scan(text).flatMap((value, n) => (n % 3 === 2 ? [KINDS[value] ?? "?"] : []));
}

function sources(folder: string): string[] {
  return (
    readdirSync(folder, { recursive: true, withFileTypes: true })
      // The tests of a library that checks identifiers are full of them.
      .filter(
        (entry) =>
          entry.isFile() && !entry.parentPath.includes("zod/src") && /\.(?:[cm]?js|ts|json|md)$/.test(entry.name),
      )
      .map((entry) => join(entry.parentPath, entry.name))
  );
}

describe("names of a dictionary", () => {
  const names = new NameList([
    { kind: "client", names: ["Zoë O'Neill", "Harbour Lights Ltd", "Nguyễn Văn An"] },
    { kind: "deal", names: ["Project Kestrel"] },
  ]);
  const reader = new Scanner(names);
  for (const text of [
    "Zoë O'Neill",
    "ZOË O'NEILL",
    "Zoe O’Neill",
    "Zoë\u00a0O'Neill",
    "Zoë\n  O'Neill",
    "Harbour Lights Ltd",
    "harbour  lights ltd",
    "Nguyen Van An",
    "project kestrel",
  ]) {
    it(`finds ${JSON.stringify(text)}`, (t) => {
      if (text.includes("  lights")) return t.skip("two spaces part columns");
      const findings = reader.scan(`Ask ${text}'s office.`);
      assert.deepEqual(findings.slice(0, 2), [4, 4 + text.length]);
    });
  }

  it("finds no part of another word", () => {
    assert.deepEqual(reader.scan("Zoë O'Neillson, Harbour Lightship, projectkestrel, Project Kestrels"), []);
  });
});
