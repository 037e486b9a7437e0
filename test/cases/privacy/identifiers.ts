// Made-up British identifiers with right check digits. Written from the public rules and on purpose without the gateway's
// own code: what it recognises is measured against this.

export type Chance = {
  /** A whole number from 0 up to, and without, `below`. */
  readonly below: (below: number) => number;
  readonly pick: <T>(list: readonly [T, ...T[]]) => T;
};

/** Mulberry32: the same corpus from the same seed, everywhere. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (most: number): number => Math.floor(next() * most);
  return { below, pick: (list) => list[below(list.length)] ?? list[0] };
}

function digits(c: Chance, count: number): string {
  return Array.from({ length: count }, () => c.below(10)).join("");
}

function letters(c: Chance, count: number, from: string): string {
  return Array.from({ length: count }, () => from.charAt(c.below(from.length))).join("");
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

function mod11(body: string): string | undefined {
  const sum = body.split("").reduce((total, digit, n) => total + Number(digit) * (10 - n), 0);
  const check = 11 - (sum % 11);
  return check === 10 ? undefined : String(check % 11);
}

function withCheck(make: () => string): string {
  for (;;) {
    const body = make();
    const check = mod11(body);
    if (check !== undefined) return body + check;
  }
}

export const nhs = (c: Chance): string => withCheck(() => c.pick(["4", "6", "7"]) + digits(c, 8));
export const hc = (c: Chance): string => withCheck(() => `3${c.pick(["2", "3", "5", "7"])}${digits(c, 7)}`);
export const chi = (c: Chance): string =>
  withCheck(() => two(1 + c.below(28)) + two(1 + c.below(12)) + two(c.below(100)) + digits(c, 3));

function two(value: number): string {
  return String(value).padStart(2, "0");
}

export const nino = (c: Chance): string => {
  const prefix = c.pick(["AB", "CE", "JK", "LM", "NP", "PR", "RS", "SX", "TW", "YZ", "HM", "WX"]);
  return prefix + digits(c, 6) + letters(c, 1, "ABCD");
};

export function utr(c: Chance): string {
  const body = digits(c, 9);
  const weights = [6, 7, 8, 9, 10, 5, 4, 3, 2];
  const sum = body.split("").reduce((total, digit, n) => total + Number(digit) * (weights[n] ?? 0), 0);
  return "21987654321".charAt(sum % 11) + body;
}

const AREAS = ["AB", "B", "BS", "CF", "E", "EC", "EH", "G", "GU", "L", "LS", "M", "N", "NE", "NW", "OX", "PO", "S", "SE", "SW", "W", "YO"] as const;

export function postcode(c: Chance): string {
  const area = c.pick(AREAS);
  const district = c.pick([String(1 + c.below(9)), String(10 + c.below(20)), area === "EC" || area === "SW" ? "1A" : "2"]);
  return `${area}${district} ${c.below(10)}${letters(c, 2, "ABDEFGHJLNPQRSTUWXYZ")}`;
}

export const sortCode = (c: Chance): string => [20 + c.below(70), c.below(100), c.below(100)].map(two).join("-");
export const account = (c: Chance): string => String(30_000_000 + c.below(69_000_000));

export function licence(c: Chance): string {
  const name = c.pick(["MORGA", "SMITH", "JONES", "OWEN9", "LEE99", "TAYLO", "WILSO", "CLARK"]);
  const month = two(c.pick([0, 50]) + 1 + c.below(12));
  return `${name}${c.below(10)}${month}${two(1 + c.below(28))}${c.below(10)}${letters(c, 1, ALPHABET)}${c.pick(["9", "A", "J", "M"])}9${letters(c, 2, ALPHABET)}`;
}

export const passport = (c: Chance): string => c.pick([`${1 + c.below(9)}${digits(c, 8)}`, `${letters(c, 1, ALPHABET)}${digits(c, 8)}`]);
export const vehicle = (c: Chance): string =>
  c.pick([
    `${letters(c, 2, "ABCDEFGHJKLMNPRSTUVWXY")}${two(51 + c.below(24))} ${letters(c, 3, "ABCDEFGHJKLMNPRSTUVWXYZ")}`,
    `${letters(c, 1, "ABCDEFGHJKLMNPRSTVWXY")}${100 + c.below(900)} ${letters(c, 3, "ABCDEFGHJKLMNPRSTUVWXY")}`,
  ]);
export const company = (c: Chance): string => c.pick([`0${digits(c, 7)}`, `1${digits(c, 7)}`, `SC${digits(c, 6)}`, `NI${digits(c, 6)}`, `OC${digits(c, 6)}`]);

export function vat(c: Chance): string {
  const body = digits(c, 7);
  const sum = body.split("").reduce((total, digit, n) => total + Number(digit) * (8 - n), 0);
  const offset = c.pick([0, 55]);
  return `GB${body}${two((97 - ((sum + offset) % 97)) % 97)}`;
}

const FIRST = ["alice", "omar", "priya", "tom", "wei", "zofia", "niamh", "george"] as const;
const LAST = ["smith", "okafor", "o'neill", "patel", "jones", "kowalska", "murphy", "evans"] as const;

export const email = (c: Chance): string =>
  `${c.pick(FIRST)}${c.pick([".", "_", ""])}${c.pick(LAST)}${c.pick(["", String(c.below(99)), "+news"])}@${c.pick(["mail", "nhs", "council", "firm-ltd"])}.${c.pick(["co.uk", "org.uk", "example.net", "com"])}`;

export const phone = (c: Chance): string =>
  c.pick([
    `07${c.pick(["4", "5", "7", "8", "9"])}${digits(c, 2)} ${digits(c, 6)}`,
    `020 ${c.pick(["7", "8"])}${digits(c, 3)} ${digits(c, 4)}`,
    `0161 ${1 + c.below(9)}${digits(c, 2)} ${digits(c, 4)}`,
    `01632 ${digits(c, 6)}`,
    `+44 7${c.pick(["4", "7", "9"])}${digits(c, 2)} ${digits(c, 6)}`,
    `+44 (0)20 7${digits(c, 3)} ${digits(c, 4)}`,
    `+49 30 ${1 + c.below(9)}${digits(c, 7)}`,
    `+1 415-${2 + c.below(8)}${digits(c, 2)}-${digits(c, 4)}`,
  ]);

export function card(c: Chance): string {
  const [prefix, length] = c.pick<readonly [string, number]>([["4", 16], ["51", 16], ["55", 16], ["2221", 16], ["37", 15], ["6011", 16]] );
  const body = prefix + digits(c, length - prefix.length - 1);
  const sum = body.split("").toReversed().reduce((total, digit, n) => {
    const value = Number(digit) * (n % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  const all = body + String((10 - (sum % 10)) % 10);
  return length === 15 ? `${all.slice(0, 4)} ${all.slice(4, 10)} ${all.slice(10)}` : (all.match(/.{4}/g) ?? []).join(" ");
}

export function iban(c: Chance): string {
  const [country, body] = c.pick<readonly [string, string]>([
    ["GB", `${c.pick(["NWBK", "BARC", "LOYD", "HBUK"])}${digits(c, 14)}`],
    ["IE", `AIBK${digits(c, 14)}`],
    ["DE", digits(c, 18)],
    ["FR", digits(c, 23)],
  ] );
  const value = `${body}${country}00`.split("").map((one) => (/\d/.test(one) ? one : String(one.charCodeAt(0) - 55))).join("");
  const check = two(98 - Number(BigInt(value) % 97n));
  return (`${country}${check}${body}`.match(/.{1,4}/g) ?? []).join(" ");
}

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"] as const;

export function birthDate(c: Chance): string {
  const [day, month, year] = [1 + c.below(28), 1 + c.below(12), 1930 + c.below(80)];
  return c.pick([
    `${two(day)}/${two(month)}/${year}`,
    `${year}-${two(month)}-${two(day)}`,
    `${two(day)}.${two(month)}.${year}`,
    `${day} ${MONTHS[month - 1] ?? "May"} ${year}`,
    `${day}th of ${(MONTHS[month - 1] ?? "May").slice(0, 3)} ${year}`,
    `${MONTHS[month - 1] ?? "May"} ${day}, ${year}`,
  ]);
}

export const address = (c: Chance): string =>
  `${1 + c.below(240)}${c.pick(["", "", "a"])} ${c.pick(["High", "Station", "Church", "Victoria", "Mill", "St John's", "Upper Park"])} ${c.pick(["Street", "Road", "Lane", "Avenue", "Close", "Rd", "Drive"])}, ${c.pick(["Leeds", "Bristol", "Milton Keynes", "York"])} ${postcode(c)}`;

export const ip = (c: Chance): string =>
  c.pick([
    `${c.pick([51, 81, 86, 90, 109, 188])}.${100 + c.below(150)}.${100 + c.below(150)}.${1 + c.below(250)}`,
    `2a0${c.below(10)}:${(4096 + c.below(50_000)).toString(16)}:${(4096 + c.below(50_000)).toString(16)}::${(1 + c.below(60_000)).toString(16)}`,
  ]);

const BASE62 = `${ALPHABET}abcdefghijklmnopqrstuvwxyz0123456789`;

export const secret = (c: Chance): string =>
  c.pick([
    `sk-ant-api03-${letters(c, 48, BASE62)}`,
    `ghp_${letters(c, 36, BASE62)}`,
    `AKIA${letters(c, 16, `${ALPHABET}234567`)}`,
    `xoxb-${digits(c, 12)}-${letters(c, 24, BASE62)}`,
    `glpat-${letters(c, 20, BASE62)}`,
    `eyJhbGciOiJIUzI1NiJ9.eyJ${letters(c, 40, BASE62)}.${letters(c, 43, BASE62)}`,
  ]);
