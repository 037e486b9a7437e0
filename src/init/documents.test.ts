// The documents of a new estate: what they say is enforced exists under that name, their links lead somewhere, and every
// question in them is found by the gate.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { openQuestions, readDocuments } from "./index.ts";

const template = join(import.meta.dirname, "template");
const source = (path: string): string => readFileSync(join(import.meta.dirname, "..", path), "utf8");
const documents = await readDocuments(template);
const policies = documents.filter(({ path }) => path.startsWith("policy/"));
const estate: unknown = parse(readFileSync(join(template, "estate.yaml"), "utf8"));

/** What each kind of name is looked up in: the code that enforces or shows it. */
const known: Readonly<Record<string, (name: string) => boolean>> = {
  role: (name) =>
    source("roles/index.ts").includes(name) && existsSync(join(import.meta.dirname, "../roles", `${name}.ts`)),
  control: (name) => isControl(name) && !JSON.stringify(estate).includes(`"${name}"`),
  check: (name) => checkNames().includes(`"${name}"`),
  lint: (name) => new RegExp(`^ {2}"?${name}"?:`, "m").test(source("lint/rules.ts")),
  estate: (name) => at(estate, name.split("/")) !== undefined,
};

function isControl(name: string): boolean {
  const [role, setting = ""] = name.split(/\/(.*)/);
  const file = role === "sysctl" ? "roles/sysctl-settings.ts" : "roles/ssh-hardening.ts";
  return (role === "sysctl" || role === "ssh-hardening") && source(file).includes(setting);
}

function checkNames(): string {
  const folder = join(import.meta.dirname, "../verify");
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  return files.map((name) => source(`verify/${name}`)).join("\n");
}

function at(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return value;
  if (typeof value !== "object" || value === null) return undefined;
  return at(Object.entries(value).find(([name]) => name === key)?.[1], rest);
}

describe("policy documents", () => {
  for (const { path, text } of policies) {
    test(`${path} names only measures that exist, and that the new estate does not waive`, () => {
      for (const [, kind = "", name = ""] of text.matchAll(/`(role|control|check|lint|estate):([^`]+)`/g)) {
        assert.ok(known[kind]?.(name), `${kind}:${name}`);
      }
    });
  }

  test("name many of them", () => {
    const text = policies.map((each) => each.text).join("\n");
    assert.ok([...text.matchAll(/`(role|control|check|lint|estate):/g)].length > 60);
  });

  test("the DPIA has the ICO's seven steps in their order", () => {
    const dpia = policies.find(({ path }) => path === "policy/dpia.md")?.text ?? "";
    const headings = [...dpia.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(headings, [
      "Submitting controller details",
      "Step 1: Identify the need for a DPIA",
      "Step 2: Describe the processing",
      "Step 3: Consultation process",
      "Step 4: Assess necessity and proportionality",
      "Step 5: Identify and assess risks",
      "Step 6: Identify measures to reduce risk",
      "Step 7: Sign off and record outcomes",
    ]);
    const risks = [...dpia.matchAll(/^\| (R\d+) /gm)].map(([, risk]) => risk);
    assert.deepEqual(risks.slice(0, risks.length / 2), risks.slice(risks.length / 2), "each risk has measures");
  });

  test("each is short enough to be kept", () => {
    for (const { path, text } of policies) assert.ok(text.split("\n").length < 120, path);
  });
});

test("links of all documents lead to a file", () => {
  for (const { path, text } of documents) {
    for (const [, target = ""] of text.matchAll(/\]\(([^)#]+)\)/g)) {
      assert.ok(existsSync(join(template, dirname(path), target)), `${path}: ${target}`);
    }
  }
});

function ask(text: string): unknown {
  return openQuestions([{ path: "a.md", text }]).map(({ line, question }) => [line, question]);
}

describe("open questions", () => {
  test("are found with file and line, in prose, tables and comments", () => {
    assert.deepEqual(openQuestions([{ path: "policy/a.md", text: "one\n| x | [question: who?] |\n" }]), [
      { file: "policy/a.md", line: 2, question: "who?" },
    ]);
    assert.deepEqual(ask("a: 1 # [question: which one]\n"), [[1, "which one"]]);
    assert.deepEqual(ask("[question: a] and [question:b ]"), [
      [1, "a"],
      [1, "b"],
    ]);
  });

  test("may run over lines, also in a comment", () => {
    assert.deepEqual(ask("x\n[question: who\nreads this]"), [[2, "who reads this"]]);
    assert.deepEqual(ask("# [question: who\n# reads   this]"), [[1, "who reads   this"]]);
  });

  test("are none in code and in links", () => {
    assert.deepEqual(ask("`[question: who?]` [question](a.md) question: x"), []);
  });

  test("count also when they are written badly", () => {
    assert.deepEqual(ask("[question: ]"), [[1, "a mark without a question"]]);
    assert.deepEqual(ask("[question: who\n\nnext [link](a.md)"), [[1, "who"]]);
    assert.deepEqual(ask("[question: see [page](a.md)]"), [[1, "see [page"]]);
  });

  test("of the template are all found by the gate: no mark is misspelt", () => {
    const marks = documents.flatMap(({ text }) => [...text.matchAll(/\[ ?question/gi)]);
    const inCode = documents.flatMap(({ text }) => [...text.matchAll(/`\[question: /g)]);
    assert.equal(openQuestions(documents).length, marks.length - inCode.length);
  });

  test("are not looked for in what is encrypted or generated", async () => {
    const paths = documents.map(({ path }) => path);
    assert.ok(paths.includes(".sops.yaml") && paths.includes(".github/workflows/gates.yaml"));
    assert.ok(!paths.some((path) => path.startsWith(".demesne") || path.endsWith("secrets.sops.yaml")));
  });
});
