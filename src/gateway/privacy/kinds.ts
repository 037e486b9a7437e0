// The kinds of personal data that are looked for. A kind's tag stands in its pseudonyms, four letters each, so that a
// model can tell a date of birth from a telephone number and every pseudonym has the same length.

export const TAGS = {
  nhs: "Nhsn",
  chi: "Chin",
  hc: "Hcno",
  nino: "Nino",
  utr: "Utrn",
  postcode: "Post",
  sort_code: "Sort",
  bank_account: "Acct",
  driving_licence: "Driv",
  passport: "Pass",
  vehicle: "Vehi",
  company: "Comp",
  vat: "Vatn",
  email: "Mail",
  phone: "Phon",
  card: "Card",
  iban: "Iban",
  birth_date: "Born",
  address: "Addr",
  ip: "Ipad",
  secret: "Keys",
  /** Of the estate's dictionaries. */
  client: "Clie",
  deal: "Deal",
  staff: "Staf",
  /** Of the analyser. */
  person: "Pers",
  place: "Plac",
  organisation: "Orga",
  /** What was in the request already and looks like a pseudonym. */
  literal: "Text",
} as const;

export type Kind = keyof typeof TAGS;

/** A kind's number, as findings carry it between threads. */
export const KINDS: readonly Kind[] = Object.keys(TAGS).filter(isKind);

function isKind(name: string): name is Kind {
  return Object.hasOwn(TAGS, name);
}

export const KIND_NUMBER: Readonly<Record<string, number>> = Object.fromEntries(KINDS.map((kind, n) => [kind, n]));

/** What was found in one text: start, end and kind, three numbers each, in order and without overlaps. */
export type Findings = readonly number[];

/** How many of each kind: the only thing about findings that is ever written down. */
export type Counts = Readonly<Partial<Record<Kind, number>>>;
