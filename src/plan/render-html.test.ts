// The review page: every value is text in it, whatever it says; nothing but the page's own style is allowed to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { resource } from "../resources/index.ts";
import { planHost, renderHtml, type Plan } from "./index.ts";
import { fileOf, lookOf, savedPlan } from "./plan-fixture.ts";

const options = { namespace: "demesne-plan@v1" };

/** Every text that a host, an estate or a person could have written, replaced. */
function planWith(text: string): Plan {
  const file = resource("file", "common", { path: "/etc/motd", content: `${text}\nnew\n`, mode: "0600" });
  const gone = resource("file", "common", { path: "/etc/foreign", content: "x\n" });
  const seen = { "file:/etc/motd": fileOf(`${text}\nold\n`), "stack:old": text, "file:/etc/foreign": fileOf(text) };
  const look = lookOf([file, gone], seen, ["file:/etc/motd", "stack:old"]);
  const notRehearsed = [{ ref: "unit:x" as const, reason: text }];
  const host = planHost({ host: text, wanted: [file, gone], look, notRehearsed });
  const changes = host.changes.map((each) => ({ ...each, sentence: text, role: text }));
  const [tree, ...steps] = host.stages.flatMap((each) => each.steps);
  const command = { step: "commands" as const, commands: [{ name: text, argv: ["sh", text] }] };
  const task = { step: "task" as const, task: { name: text, module: text, args: { name: text } } };
  const window = { name: text, seconds: 60, paths: [text], units: [text], tables: [text] };
  const stages = [{ steps: [...(tree === undefined ? [] : [tree]), ...steps] }, { window, steps: [command, task] }];
  const input = { path: text, digest: text };
  return savedPlan([{ ...host, changes, stages, os: text, python: text, machineId: text, fingerprint: text }], {
    role: text,
    tool: text,
    author: { name: text, principal: text },
    estate: { name: text, profile: text, inputs: [input] },
    bound: { probe: text, wrapper: text, ansible: text },
    approval: { policy: text, needs: [{ risk: "routine", people: 2, author: false, key: "touched" }] },
  });
}

/** The page's tags in order, and whatever of the text could be one. */
function tagsOf(page: string): string[] {
  return [...page.replace(/<style>[^]*?<\/style>/, "").matchAll(/<[^>]*>?/g)].map(([tag]) =>
    tag.replaceAll(/\s+/g, " "),
  );
}

const hostile = [
  "<script>alert(1)</script>",
  `"><img src=x onerror="alert(1)">`,
  "' onmouseover='alert(1)' x='",
  "</pre></details></style><style>*{display:none}</style>",
  "<!-- ",
  "]]><svg onload=alert(1)>",
  "&lt;b&gt;&#x3c;",
  "javascript:alert(1)",
  "`${alert(1)}`",
  "\u202egnp.exe\u2066 \u0000\u001b[2J\u2028",
];

for (const text of hostile) {
  test(`as text only: ${JSON.stringify(text)}`, () => {
    const page = renderHtml(planWith(text), options);
    assert.deepEqual(tagsOf(page), tagsOf(renderHtml(planWith("plain"), options)));
    assert.doesNotMatch(page, /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
  });
}

test("whatever a value says, the page's tags stay the same", () => {
  const plain = tagsOf(renderHtml(planWith("plain"), options));
  const text = fc.string({
    unit: fc.constantFrom(..."<>&\"'`=/ \tabc-!;{}$\\".split("")),
    minLength: 1,
    maxLength: 24,
  });
  fc.assert(fc.property(text, (value) => assert.deepEqual(tagsOf(renderHtml(planWith(`a${value}z`), options)), plain)));
});

test("the same plan gives the same page, and the page names the plan's own digest", () => {
  const plan = planWith("plain");
  assert.equal(renderHtml(plan, options), renderHtml(structuredClone(plan), options));
  assert.match(renderHtml(plan, options), /<dd><code>sha256:[0-9a-f]{64}<\/code><\/dd>/);
});

test("a secret stands there by its name", () => {
  const secret = { name: "chat/key", template: "KEY={}\n", digest: "hmac-sha256:11" };
  const file = resource("file", "service", { path: "/etc/key", mode: "0600", secret });
  const page = renderHtml(
    savedPlan([planHost({ host: "control", wanted: [file], look: lookOf([file], {}) })]),
    options,
  );
  assert.match(page, /made of the secret <code>chat\/key<\/code>/);
  assert.doesNotMatch(page, /hmac-sha256:11/);
});

test("it may load nothing, and points nowhere but into itself", () => {
  const page = renderHtml(planWith("plain"), options);
  assert.match(
    page,
    /default-src &#39;none&#39;; style-src &#39;sha256-[A-Za-z0-9+/]{43}=&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;/,
  );
  for (const [, target] of page.matchAll(/\s(?:href|src|action|srcset|data|poster)="([^"]*)"/g))
    assert.match(target ?? "", /^#(?:change-\d+-\d+|refused)$/);
  assert.doesNotMatch(page, /<script|<iframe|<object|<img|<link|url\(|@import| style="| on[a-z]+="/);
});
