// `demesne keys` against a gateway: what it shows, and how it says what was asked wrongly.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { gatewayFixture } from "../gateway/gateway-fixture.ts";
import { Problem } from "../lib/problem.ts";
import { keys } from "./keys.ts";

async function house(t: TestContext) {
  const gateway = await gatewayFixture(t);
  const places = {
    socket: join(gateway.folder, "management.sock"),
    masterKey: join(gateway.folder, "state/master.key"),
  };
  const ask = async (args: readonly string[], options: object = {}): Promise<string> => {
    let text = "";
    const context = {
      out: (more: string) => void (text += more),
      progress: { step: () => {}, detail: () => {} },
      signal: t.signal,
      isColoured: false,
      isTerminal: false,
    };
    await keys.run(context, args, keys.options.parse({ ...places, ...options }));
    return text;
  };
  /** `where: what`, and the code. */
  const refused = async (args: readonly string[], options: object = {}): Promise<[string, string]> => {
    try {
      await ask(args, options);
    } catch (error) {
      if (error instanceof Problem) return [error.code, error.message];
      throw error;
    }
    throw new assert.AssertionError({ message: "nothing was wrong" });
  };
  return { ...gateway, ask, refused };
}

it("lists a hash with every key, which names it to the other verbs", async (t) => {
  const { ask, issue } = await house(t);
  await issue();
  const [hash = ""] = /[0-9a-f]{64}$/m.exec(await ask(["list"])) ?? [];
  assert.match(await ask(["show", hash]), new RegExp(`^hash +${hash}$`, "m"));
  await ask(["revoke", hash]);
  assert.equal(await ask(["list"]), "no virtual keys\n");
});

it("shows every limit, and the budgets of single models", async (t) => {
  const { ask, issue } = await house(t);
  await issue({
    key_alias: "ui",
    rpm_limit: 60,
    tpm_limit: 9000,
    max_parallel_requests: 4,
    allowed_routes: ["/v1/messages"],
    model_max_budget: { "claude-hosted": { budget_limit: 2, time_period: "2mo" } },
  });
  const shown = await ask(["show", "ui"]);
  assert.match(shown, /^limits +60 requests a minute, 9000 tokens a minute, 4 requests at a time$/m);
  assert.match(shown, /^ +claude-hosted: \$0\.00 of \$2\.00 each 2mo$/m);
  assert.match(shown, /^paths +\/v1\/messages$/m);
});

it("tells a key that has expired from one that lives", async (t) => {
  const { ask, issue } = await house(t);
  await issue({ key_alias: "short", duration: "1s" });
  await issue({ key_alias: "long", duration: "1d" });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const listed = await ask(["list"]);
  assert.match(listed, /^short .* expired 20/m);
  assert.match(listed, /^long .* live until 20/m);
});

it("takes names and budgets with spaces around the commas", async (t) => {
  const { ask } = await house(t);
  await ask(["issue", "ui"], {
    models: "claude-hosted, local-chat ,",
    modelBudget: "claude-hosted=1/2mo, local-chat = 2",
  });
  const shown = await ask(["show", "ui"]);
  assert.match(shown, /^models +claude-hosted, local-chat$/m);
  assert.match(shown, /^ +claude-hosted: \$0\.00 of \$1\.00 each 2mo\n +local-chat: \$0\.00 of \$2\.00$/m);
});

for (const [args, options, told] of [
  [["list"], { budget: "5" }, "--budget: is for issue, and changes nothing about list"],
  [["rotate", "ui"], { modelBudget: "a=1" }, "--model-budget: is for issue, and changes nothing about rotate"],
  [["list", "ui"], {}, "demesne keys list: takes no name"],
  [["issue", "new"], { period: "1mo" }, "--period: is the period of a budget, and there is none"],
  [["issue", "new"], { models: " , " }, "--models: holds nothing"],
  [
    ["issue", "new"],
    { budget: "1", period: "2 mo" },
    "--period: should be like 30s, 15m, 12h, 7d, 1w or 1mo, got 2 mo",
  ],
  [["issue", "new"], { budget: "" }, '--budget: "" is no amount'],
  [["issue", "new"], { budget: "0x10" }, '--budget: "0x10" is no amount'],
  [["issue", "new"], { budget: "1e-9" }, '--budget: "1e-9" is no amount'],
  [["issue", "new"], { modelBudget: "a=1,a =2" }, "--model-budget: names a twice"],
  [["issue", "new"], { expires: "soon" }, "--expires: should be like 30s, 15m, 12h, 7d, 1w or 1mo, got soon"],
  [
    ["issue", "new"],
    { modelBudget: "a=1/ever" },
    "--model-budget: should be like 30s, 15m, 12h, 7d, 1w or 1mo, got ever",
  ],
  [["issue", "new"], { team: "none" }, "--team: there is no team none"],
  [["show", "nobody"], {}, "demesne keys show nobody: no such key"],
] as const) {
  it(`says what is wrong about the command: ${told}`, async (t) => {
    const { refused } = await house(t);
    assert.deepEqual(await refused(args, options), ["usage", told]);
  });
}

it("tells small budgets and those of single models from none", async (t) => {
  const { ask } = await house(t);
  await ask(["issue", "small"], { budget: "0.0001" });
  await ask(["issue", "one"], { modelBudget: "claude-hosted=1" });
  const listed = await ask(["list"]);
  assert.match(listed, /^small .* \$0\.00 of \$0\.0001 /m);
  assert.match(listed, /^one .* \$0\.00, limited by model /m);
});

it("takes no name that would write on a terminal", async (t) => {
  const { refused } = await house(t);
  for (const name of ["\u001b[31mred", "new\nline", "\u202eright"]) {
    const [code, told] = await refused(["issue", name]);
    assert.equal(code, "usage");
    assert.match(told, /no control characters/);
  }
});

it("says that a name is taken, of the command", async (t) => {
  const { ask, refused } = await house(t);
  await ask(["issue", "ui"]);
  const [code, told] = await refused(["issue", "ui"]);
  assert.equal(code, "usage");
  assert.match(told, /^demesne keys issue ui: ui is the name of the key [0-9a-f]{64}: choose another name/);
});

it("says which file should hold the master key, and what is wrong with it", async (t) => {
  const { refused } = await house(t);
  const folder = mkdtempSync(join(tmpdir(), "demesne-keys-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "master.key");
  assert.deepEqual(await refused(["list"], { masterKey: file }), ["usage", `${file}: is not there`]);
  assert.deepEqual(await refused(["list"], { masterKey: folder }), ["usage", `${folder}: is a folder, not a file`]);
  for (const [text, code, told] of [
    ["", "secret", `${file}: is empty`],
    ["sk-a sk-b", "secret", `${file}: holds more than one word, and should hold one key and nothing else`],
    ["sk-other", "secret", `${file}: does not hold the master key of the gateway at `],
  ] as const) {
    writeFileSync(file, text);
    const [is, what] = await refused(["list"], { masterKey: file });
    assert.ok(is === code && what.startsWith(told), what);
  }
});

it("says that no gateway was ever started here, and that a socket alone is not enough", async (t) => {
  const { refused } = await house(t);
  const before = process.env["XDG_STATE_HOME"];
  process.env["XDG_STATE_HOME"] = "/nowhere";
  t.after(() => {
    if (before === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = before;
  });
  const none = { socket: undefined, masterKey: undefined };
  assert.deepEqual(await refused(["list"], none), [
    "unreachable",
    "/nowhere/demesne/gateway/management.sock: no gateway has been started here by this user",
  ]);
  assert.deepEqual(await refused(["list"], { masterKey: undefined }), [
    "usage",
    "--socket: needs the master key beside it",
  ]);
});
