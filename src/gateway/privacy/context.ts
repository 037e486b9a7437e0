// Words beside a number that say what it is. Read in one go when the first number asks for
// them: a text without numbers is never cut into words.
import { isLatin, isLower, isUpper, type Codes } from "./characters.ts";
import { Folding } from "./folding.ts";
import { wraps } from "./separators.ts";

/** What the words speak of; one bit each. */
export const ABOUT = {
  health: 1,
  insurance: 2,
  tax: 4,
  bank: 8,
  account: 16,
  licence: 32,
  passport: 64,
  vehicle: 128,
  company: 256,
  vat: 512,
  phone: 1024,
  card: 2048,
  birth: 4096,
  address: 8192,
  network: 16_384,
  secret: 32_768,
  version: 65_536,
} as const;

/** Two words are a pair that must stand in a row. */
const WORDS: Readonly<Record<string, string>> = {
  health: "nhs,chi,hcn,patient,patients,health number,care number,hospital,nhsno,nhsnumber,h c",
  insurance: "nino,ni,insurance,nationalinsurance",
  tax: "utr,tax,taxpayer,hmrc,assessment,taxreference",
  bank: "sort code,sortcode,bank,bacs,chaps,payee,bank details",
  account: "account,acct,acc,accountno,accountnumber,a c",
  licence: "licence,license,driving,driver,dvla",
  passport: "passport,passports,passportno",
  vehicle: "vrn,vrm,registration,reg,vehicle,plate,car,van,motor,numberplate,mot",
  company: "company,companies house,registered,crn,incorporated,companyno",
  vat: "vat,vatno,vatreg",
  phone: "tel,telephone,phone,phones,mobile,mob,fax,contact,whatsapp,sms,landline,dial",
  card: "card,cards,visa,mastercard,amex,debit,credit,pan,maestro",
  birth: "born,birth,dob,birthday,birthdate,o b,dateofbirth",
  address: "address,addresses,postcode,post code,postal,zip,lives,live,lived,resident,residing,deliver,delivery,home",
  network: "ip,ipv,ips,client,remote,visitor,addr,address,peer,login,logged",
  secret: "password,passwd,pwd,secret,token,passphrase,apikey,api key,credential,credentials,access key,private key",
  version: "version,versions,ver,release,v,build,oid,chrome,firefox,safari,edge",
};

/** How far before a number its word may stand, and how far behind. */
const BEFORE = 72;
const BEHIND = 36;

/** A filter of 4096 bits before the tables: nearly all words of a text pass it by. */
const known = new Int32Array(128);
const single = new Map<number, number>();
const paired = new Map<number, number>();
for (const [about, bit] of Object.entries(ABOUT)) {
  for (const entry of WORDS[about]?.split(",") ?? []) learn(entry, bit);
}

function learn(entry: string, bit: number): void {
  const hashes = entry.split(" ").map(hashOf);
  const [table, key] =
    hashes.length > 1 ? [paired, pair(hashes.at(-2) ?? 0, hashes.at(-1) ?? 0)] : [single, hashes[0] ?? 0];
  table.set(key, (table.get(key) ?? 0) | bit);
  const last = hashes.at(-1) ?? 0;
  const slot = (last >>> 5) & 127;
  known[slot] = (known[slot] ?? 0) | (1 << (last & 31));
}

function hashOf(word: string): number {
  let hash = 0;
  for (let n = 0; n < word.length; n += 1) hash = step(hash, word.charCodeAt(n));
  return hash;
}

function mayKnow(hash: number): boolean {
  return (((known[(hash >>> 5) & 127] ?? 0) >>> (hash & 31)) & 1) === 1;
}

function step(hash: number, lower: number): number {
  return (Math.imul(hash, 31) + lower) | 0;
}

function pair(first: number, second: number): number {
  return (Math.imul(first, 0x01_00_01_93) ^ second) | 0;
}

const keys = new Folding();

/** What the words of a key such as `dateOfBirth` speak of. */
export function aboutKey(key: string): number {
  const context = new Context();
  // Longer ones are no names of fields.
  const name = key.slice(0, BEFORE);
  context.open(keys.fold(name), name.length, 0);
  return context.all;
}

/** Longest of the words. */
const LONGEST = 17;

export class Context {
  #codes: Codes = new Uint8Array(0);
  #length = 0;
  #hint = 0;
  /** How far the text has been cut into words. */
  #read = 0;
  #previous = 0;
  #all = 0;
  /** Where each word ends that says something, and what it says; in order. */
  readonly #ends: number[] = [];
  readonly #said: number[] = [];
  /** The first word that ends behind the last place that was asked about. */
  #next = 0;

  /** `hint` is what is known from outside: the keys under which the text stands. */
  open(codes: Codes, length: number, hint: number): void {
    this.#codes = codes;
    this.#length = length;
    this.#hint = hint;
    this.#read = 0;
    this.#previous = 0;
    this.#all = hint;
    this.#ends.length = 0;
    this.#said.length = 0;
    this.#next = 0;
  }

  /** All that the text speaks of anywhere. */
  get all(): number {
    this.#advance(this.#length);
    return this.#all;
  }

  /** Whether a word about it stands before `at`, or may be missing since the keys say so. */
  before(about: number, at: number): boolean {
    if ((this.#hint & about) !== 0) return true;
    this.#advance(at);
    if ((this.#all & about) === 0) return false;
    this.#seek(at);
    for (let n = this.#next - 1; n >= 0 && at - (this.#ends[n] ?? 0) <= BEFORE; n -= 1) {
      if (((this.#said[n] ?? 0) & about) !== 0) return true;
    }
    return false;
  }

  /** Whether any word about any of it stands near: cheap enough to be asked at every number. */
  isNear(about: number, at: number): boolean {
    if ((this.#hint & about) !== 0) return true;
    this.#advance(at + BEHIND + 24);
    if ((this.#all & about) === 0) return false;
    this.#seek(at);
    for (let n = this.#next - 1; n >= 0 && at - (this.#ends[n] ?? 0) <= BEFORE; n -= 1) {
      if (((this.#said[n] ?? 0) & about) !== 0) return true;
    }
    for (let n = this.#next; n < this.#ends.length && (this.#ends[n] ?? 0) - at <= BEHIND + 24; n += 1) {
      if (((this.#said[n] ?? 0) & about) !== 0) return true;
    }
    return false;
  }

  /** Whether one stands before `start` or, in the same line, behind `end`. */
  around(about: number, start: number, end: number): boolean {
    return this.before(about, start) || this.#isBehind(about, end);
  }

  /** Notes that what stands here speaks of something by itself: an account number follows a sort code. */
  note(about: number, at: number): void {
    // What stands before it is in the list first, which is in order.
    this.#advance(at);
    this.#seek(at);
    this.#ends.splice(this.#next, 0, at);
    this.#said.splice(this.#next, 0, about);
    this.#all |= about;
  }

  /** The places that are asked about move on, a little back at times. */
  #seek(at: number): void {
    while (this.#next > 0 && (this.#ends[this.#next - 1] ?? 0) > at) this.#next -= 1;
    while (this.#next < this.#ends.length && (this.#ends[this.#next] ?? 0) <= at) this.#next += 1;
  }

  #isBehind(about: number, end: number): boolean {
    this.#advance(end + BEHIND);
    if ((this.#all & about) === 0) return false;
    this.#seek(end);
    for (let n = this.#next; n < this.#ends.length && (this.#ends[n] ?? 0) - end <= BEHIND; n += 1) {
      if (((this.#said[n] ?? 0) & about) === 0) continue;
      return !wraps(this.#codes, end, this.#ends[n] ?? 0);
    }
    return false;
  }

  /**
   * Cuts the text into words up to `to`, and to the end of the word there: at anything but letters, and where lower case
   * turns into upper case. What lies too far back for any number is left out.
   */
  #advance(to: number): void {
    const codes = this.#codes;
    const end = Math.min(to, this.#length);
    let at = this.#read;
    if (at >= end) return;
    if (end - at > BEFORE * 4) {
      at = end - BEFORE * 4;
      while (isLatin(codes[at] ?? 0)) at += 1;
      this.#previous = 0;
    }
    while (at < end) {
      if (!isLatin(codes[at] ?? 0)) at += 1;
      else at = this.#word(at);
    }
    this.#read = at;
  }

  /** Takes the word that begins here, and answers with its end. */
  #word(from: number): number {
    const codes = this.#codes;
    let at = from;
    let hash = 0;
    for (let code = codes[at] ?? 0; isUpper(code); code = codes[at] ?? 0) {
      hash = step(hash, code | 0x20);
      at += 1;
    }
    for (let code = codes[at] ?? 0; isLower(code); code = codes[at] ?? 0) {
      hash = step(hash, code);
      at += 1;
    }
    if (at - from <= LONGEST) this.#take(this.#previous, hash, at);
    this.#previous = hash;
    return at;
  }

  #take(previous: number, hash: number, end: number): void {
    if (!mayKnow(hash)) return;
    const said = (single.get(hash) ?? 0) | (paired.get(pair(previous, hash)) ?? 0);
    if (said === 0) return;
    this.#all |= said;
    this.#ends.push(end);
    this.#said.push(said);
  }
}
