// People's names in British prose, made anew and the same every time: 300 people who do not exist, in the sentences of
// names/*.txt. `node test/cases/privacy/names.ts FILE` writes them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chance, type Chance } from "./identifiers.ts";

export type Person = { readonly first: string; readonly last: string };

export type NameSpan = {
  readonly start: number;
  readonly end: number;
  readonly kind: "person";
  /** How the name is written: full, first, last, title, formal, initial, FULL, LAST. */
  readonly form: string;
  /** Which of the people it is. */
  readonly person: number;
};

export type NameLine = { readonly text: string; readonly spans: readonly NameSpan[]; readonly genre: string };

const GENRES = ["letters", "notes", "emails", "tables"] as const;
const PEOPLE = 300;
/** Times that each sentence is filled. */
const ROUNDS = 5;

const SLOT = /\{(full|first|last|title|formal|initial|FULL|LAST)(2?)\}/g;

/** What stands for the name, and what before it that is none. */
const FORMS: Readonly<Record<string, (person: Person, c: Chance) => readonly [before: string, name: string]>> = {
  full: ({ first, last }) => ["", `${first} ${last}`],
  first: ({ first }) => ["", first],
  last: ({ last }) => ["", last],
  title: ({ last }, c) => [`${c.pick(["Mr", "Mrs", "Ms", "Miss", "Dr"])} `, last],
  formal: ({ first, last }, c) => ["", `${c.pick([last, last.toUpperCase()])}, ${first}`],
  initial: ({ first, last }) => ["", `${first.slice(0, 1)}. ${last}`],
  FULL: ({ first, last }) => ["", `${first} ${last}`.toUpperCase()],
  LAST: ({ last }) => ["", last.toUpperCase()],
};

function linesOf(name: string): string[] {
  const text = readFileSync(join(import.meta.dirname, "names", `${name}.txt`), "utf8");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("# "));
}

/** First names and surnames of all origins meet each other, as they do. */
export function people(): readonly Person[] {
  const c = chance(20_261_122);
  const [firsts, lasts] = [linesOf("first-names"), linesOf("surnames")];
  return Array.from({ length: PEOPLE }, () => ({
    first: firsts[c.below(firsts.length)] ?? "",
    last: lasts[c.below(lasts.length)] ?? "",
  }));
}

/** All lines; those that name nobody last. */
export function names(): readonly NameLine[] {
  const all = people();
  const c = chance(20_261_123);
  const sentences = GENRES.flatMap((genre) => linesOf(genre).map((sentence) => ({ genre, sentence })));
  const named = Array.from({ length: ROUNDS }, () => sentences)
    .flat()
    .map(({ genre, sentence }): NameLine => ({ genre, ...filled(sentence, all, c) }));
  return [...named, ...linesOf("negatives").map((text): NameLine => ({ text, spans: [], genre: "nobody" }))];
}

function filled(sentence: string, all: readonly Person[], c: Chance): Pick<NameLine, "text" | "spans"> {
  const chosen = [c.below(all.length), c.below(all.length)];
  const spans: NameSpan[] = [];
  let text = "";
  let from = 0;
  for (const { index, 0: slot, 1: form = "", 2: second } of sentence.matchAll(SLOT)) {
    const person = chosen[second === "2" ? 1 : 0] ?? 0;
    const [before, name] = FORMS[form]?.(all[person] ?? { first: "", last: "" }, c) ?? ["", ""];
    text += sentence.slice(from, index) + before;
    spans.push({ start: text.length, end: text.length + name.length, kind: "person", form, person });
    text += name;
    from = index + slot.length;
  }
  return { text: text + sentence.slice(from), spans };
}

const [, , file] = process.argv;
if (import.meta.main && file !== undefined)
  writeFileSync(
    file,
    `${names()
      .map((line) => JSON.stringify(line))
      .join("\n")}\n`,
  );
