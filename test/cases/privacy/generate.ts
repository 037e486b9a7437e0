// The labelled corpus, made anew and the same every time. It is not kept in git: what it holds in the form of keys would be
// found by every scan for secrets. `node test/cases/privacy/generate.ts FILE` writes it.
import { writeFileSync } from "node:fs";
import * as make from "./identifiers.ts";
import { negatives } from "./negatives.ts";

type Span = { readonly start: number; readonly end: number; readonly kind: string };
export type Line = { readonly text: string; readonly spans: readonly Span[]; readonly spelling: string };

type Recipe = {
  readonly kind: string;
  readonly value: (c: make.Chance) => string;
  /** Has a check that proves it without any word beside it. */
  readonly isChecked: boolean;
  readonly sentences: readonly [string, ...string[]];
};

const RECIPES: readonly Recipe[] = [
  checked("nhs", make.nhs, "NHS number {}.", "The patient ({}) was seen on the ward.", '{{"nhsNumber": "{}"}}', "Ref {} attached", "{}"),
  checked("hc", make.hc, "H&C number {}", "Health and care number: {}.", "patient,{},seen"),
  checked("chi", make.chi, "CHI {}", "Her CHI number is {}, please update.", "patient {} discharged"),
  checked("iban", make.iban, "Pay into {} by Friday.", "IBAN: {}", '"iban":"{}"', "{}"),
  checked("card", make.card, "Card {} was declined.", "Please charge {} today", "pan={}"),
  checked("vat", make.vat, "VAT number {}", "VAT reg no. {}.", "invoice, VAT {}, net 30"),
  checked("utr", make.utr, "UTR {}", "His unique taxpayer reference is {}.", "HMRC self assessment {}"),
  worded("nino", make.nino, "NI number {}", "National Insurance: {}.", "{} is his NINO", "employee,{},PAYE"),
  worded("postcode", make.postcode, "She lives in {}.", "Postcode: {}", "deliver to {} please"),
  worded("sort_code", make.sortCode, "Sort code {}", "bank sort code: {}."),
  worded("bank_account", make.account, "Account number {}", "account no. {}, Mr Smith", "acct {}"),
  worded("driving_licence", make.licence, "Driving licence {}", "licence no {}.", "DVLA says {}"),
  worded("passport", make.passport, "Passport {}", "passport number: {}.", "travels on passport {}"),
  worded("vehicle", make.vehicle, "Vehicle registration {}", "car reg {} parked outside", "number plate {}."),
  worded("company", make.company, "Company number {}", "registered in England, company no. {}."),
  worded("email", make.email, "Write to {}.", "<{}>", '"email":"{}"', "cc {}, thanks"),
  worded("phone", make.phone, "Call {} after six.", "tel: {}", "Mobile {}.", "Phone ({})"),
  worded("birth_date", make.birthDate, "born {}", "DOB: {}", "date of birth {}.", '"dateOfBirth": "{}"', "born on {} in Leeds"),
  worded("address", make.address, "lives at {}", "Address: {}.", "Deliver to {} before noon"),
  worded("ip", make.ip, "client address {}", "from IP {}", "login from {} ok"),
  worded("secret", make.secret, "api key {}", "token={}", "export KEY={}"),
];

function checked(kind: string, value: Recipe["value"], ...sentences: [string, ...string[]]): Recipe {
  return { kind, value, isChecked: true, sentences };
}

function worded(kind: string, value: Recipe["value"], ...sentences: [string, ...string[]]): Recipe {
  return { kind, value, isChecked: false, sentences };
}

/** Other ways to write the same identifier. Those without groups have none. */
const SPELLINGS: Readonly<Record<string, (value: string) => string>> = {
  plain: (value) => value,
  compact: (value) => value.replaceAll(/[ -]/g, ""),
  "no-break": (value) => value.replaceAll(" ", "\u00a0"),
  "narrow no-break": (value) => value.replaceAll(" ", "\u202f"),
  hyphens: (value) => value.replaceAll(" ", "-"),
  "other hyphens": (value) => value.replaceAll(/[ -]/g, "\u2011"),
  "full-width": (value) => value.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  wrapped: (value) => value.replace(/[ -]/, "\n  "),
  "soft hyphen": (value) => value.replace(/[ ]/, "\u00ad "),
};

/** The spellings in which somebody writes a kind. */
function spellingsOf(kind: string, value: string): string[] {
  const whole = ["email", "secret", "ip"];
  if (whole.includes(kind)) return kind === "secret" ? ["plain"] : ["plain"];
  const names = Object.keys(SPELLINGS);
  if (kind === "birth_date" || kind === "address") {
    return names.filter((name) => name !== "compact" && !name.includes("hyphen") && name !== "hyphens");
  }
  return /[ -]/.test(value) ? names : ["plain", "full-width"];
}

/** Groups as people write them, where the rules above give none. */
function grouped(kind: string, value: string): string {
  if (kind === "nhs" || kind === "hc") return value.replace(/^(...)(...)(....)$/, "$1 $2 $3");
  if (kind === "chi") return value.replace(/^(......)(....)$/, "$1 $2");
  if (kind === "nino") return value.replace(/^(..)(..)(..)(..)(.)$/, "$1 $2 $3 $4 $5");
  if (kind === "vat") return value.replace(/^(..)(...)(....)(..)$/, "$1 $2 $3 $4");
  if (kind === "utr") return value.replace(/^(.....)(.....)$/, "$1 $2");
  return value;
}

function linesOf(recipe: Recipe, c: make.Chance, count: number): Line[] {
  return Array.from({ length: count }, () => {
    const value = grouped(recipe.kind, recipe.value(c));
    const names = spellingsOf(recipe.kind, value);
    const spelling = names[c.below(names.length)] ?? "plain";
    const written = SPELLINGS[spelling]?.(value) ?? value;
    const sentence = c.pick(recipe.sentences);
    const start = sentence.replaceAll("{{", "{").replaceAll("}}", "}").indexOf("{}");
    const text = sentence.replaceAll("{{", "{").replaceAll("}}", "}").replace("{}", () => written);
    return { text, spans: [{ start, end: start + written.length, kind: recipe.kind }], spelling };
  });
}

/** All lines, identifiers first. */
export function corpus(): readonly Line[] {
  const c = make.chance(20_261_121);
  return [
    ...RECIPES.flatMap((recipe) => linesOf(recipe, c, recipe.isChecked ? 300 : 150)),
    ...negatives(c).map((text): Line => ({ text, spans: [], spelling: "negative" })),
  ];
}

const [, , file] = process.argv;
if (import.meta.main && file !== undefined)
  writeFileSync(
    file,
    `${corpus()
      .map((line) => JSON.stringify(line))
      .join("\n")}\n`,
  );
