// Approvals on the real command line: signed with ssh-keygen's keys, checked by ssh-keygen too; and every way in which a plan
// is refused before a host is asked.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { keygen } from "../../src/approval/keys-fixture.ts";
import { canonicalJson } from "../../src/lib/canonical-json.ts";
import { Plan, renderHtml } from "../../src/plan/index.ts";
import { openApprovalEstate, RULES, type ApprovalEstate } from "./approval-estate.ts";
import { assertEnds } from "./watched.ts";

const NAMESPACE = "demesne-plan@v1";
const DOCS = join(import.meta.dirname, "../../docs/approvals.md");
const skip = spawnSync("ssh-keygen", ["-Y"]).error === undefined ? false : "needs ssh-keygen";

describe("approvals", { skip, timeout: 900_000 }, () => {
  let open: ApprovalEstate;
  before(() => {
    open = openApprovalEstate();
  });
  after(() => open?.close());

  /** While a file of the estate reads otherwise. */
  async function whileWritten(file: string, text: string, work: () => Promise<void>): Promise<void> {
    const path = join(open.estate.folder, file);
    const former = readFileSync(path, "utf8");
    open.estate.write(file, text);
    await work().finally(() => open.estate.write(file, former));
  }
  const textOf = (file: string): string => readFileSync(join(open.estate.folder, file), "utf8");

  test("a person approves, and ssh-keygen alone accepts it", async () => {
    await open.save("plan.json", "connectivity");
    const ended = await open.demesne("approve", "plan.json", "--key", open.keys.alice.file, "--yes");
    assertEnds(
      ended,
      0,
      /alice@wall\.example approved sha256:[0-9a-f]{64}: (\.demesne\/approvals\/[0-9a-f]{64}\/alice@wall\.example\.sig)/,
    );
    assert.match(ended.stdout, /^Risk\n {2}connectivity {2}1\n {4}write \/etc\/motd, on control\n/);
    assert.match(ended.stdout, /connectivity needs 2 people/);
    assert.match(
      ended.stdout,
      /1 of 2 people missing, approved by alice@wall\.example, could be bob@wall\.example, dave@wall\.example/,
    );
    const line = /^ {2}(ssh-keygen -Y verify .*)$/m.exec(ended.stdout)?.[1] ?? "";
    const { status, stdout } = spawnSync("sh", ["-c", line], { cwd: open.estate.folder, encoding: "utf8" });
    assert.deepEqual([status, stdout.split(" with ")[0]], [0, `Good "${NAMESPACE}" signature for alice@wall.example`]);
  });

  test("the recipe of docs/approvals.md checks every approval without Demesne", async () => {
    const plan = ".demesne/plans/firewall.json";
    mkdirSync(join(open.estate.folder, ".demesne/plans"), { recursive: true });
    const bytes = await open.save(plan, "restart", { nonce: "3".repeat(32) });
    open.keep(bytes, "bob@wall.example", open.keys.bob.sign(bytes, NAMESPACE));
    open.keep(bytes, "dave@wall.example", open.dave.sign(bytes, NAMESPACE));
    const recipe = /```sh\n(plan=[^]*?)```/.exec(readFileSync(DOCS, "utf8"))?.[1] ?? assert.fail("no recipe");
    const shell = spawnSync("sh", ["-ec", recipe], { cwd: open.estate.folder, encoding: "utf8" });
    const people = shell.stdout.match(/(?<=^Good "demesne-plan@v1" signature for )\S+/gm);
    assert.deepEqual([shell.status, people], [0, ["bob@wall.example", "dave@wall.example"]], shell.stderr);
  });

  test("who is missing is told before a host is asked, and the second person lets it through", async () => {
    const bytes = await open.save("plan.json", "connectivity");
    open.keep(bytes, "alice@wall.example", open.keys.alice.sign(bytes, NAMESPACE));
    assertEnds(
      await open.demesne("apply", "plan.json"),
      13,
      /^plan\.json: is not approved, so nothing was done: connectivity: 1 of 2 people missing, approved by alice@wall\.example, could be bob@wall\.example, dave@wall\.example\nfix: demesne approve plan\.json, then commit \.demesne\/approvals\//m,
    );
    assertEnds(await open.demesne("approve", "plan.json", "--check"), 13, /1 of 2 people missing/);
    assertEnds(
      await open.demesne("approve", "plan.json", "--key", open.keys.bob.file, "--yes"),
      0,
      /it may be applied/,
    );
    assertEnds(await open.demesne("approve", "plan.json", "--check"), 0, /connectivity: approved/);
    // Past the approvals the secrets come next, and there are none here.
    assertEnds(await open.demesne("apply", "plan.json"), 4, /^inventory\/secrets\.sops\.yaml: is missing/m);
  });

  test("git's signing key is the first choice, ~/.ssh the second, an agent may hold the private half", async () => {
    await open.save("plan.json", "restart");
    const config = join(open.room, "gitconfig");
    writeFileSync(config, `[user]\n\tsigningkey = ${open.keys.bob.file}.pub\n`);
    const byGit = open.with({ GIT_CONFIG_GLOBAL: config });
    assertEnds(await byGit.demesne("approve", "plan.json", "--yes"), 0, /^bob@wall\.example approved/m);
    writeFileSync(config, `[user]\n\tsigningkey = key::${open.keys.alice.line}\n`);
    const home = join(open.room, "home");
    mkdirSync(join(home, ".ssh"), { recursive: true });
    writeFileSync(join(home, ".ssh", "id_ed25519.pub"), `${open.keys.alice.line} alice\n`);
    const agent = await startAgent(join(open.room, "agent"), open.keys.alice.file);
    try {
      for (const env of [{ GIT_CONFIG_GLOBAL: config }, { HOME: home }]) {
        const here = open.with({ ...env, SSH_AUTH_SOCK: agent.socket });
        assertEnds(await here.demesne("approve", "plan.json", "--yes"), 0, /^alice@wall\.example approved/m);
      }
    } finally {
      agent.stop();
    }
  });

  test("at a terminal it asks, only the word yes signs, and ssh-keygen can ask for a passphrase there", async () => {
    await open.save("plan.json", "restart", { nonce: "1".repeat(32) });
    const main = join(import.meta.dirname, "../../src/cli/main.ts");
    const sealed = join(open.room, "sealed");
    for (const half of ["", ".pub"]) copyFileSync(`${open.keys.bob.file}${half}`, `${sealed}${half}`);
    keygen(["-q", "-p", "-P", "", "-N", "a passphrase", "-f", sealed]);
    const typed = (key: string, answers: Readonly<Record<string, string>>) => {
      const argv = [process.execPath, main, "approve", "plan.json", "--key", key];
      const env = { ...process.env, HOME: open.room, SSH_AUTH_SOCK: "" };
      return spawnSync("python3", ["-I", "-c", TYPIST, JSON.stringify(answers), ...argv], {
        cwd: open.estate.folder,
        env,
        encoding: "utf8",
      });
    };
    const no = typed(open.keys.bob.file, { "Type yes: ": "y" });
    assert.match(no.stdout, /Approve sha256:[0-9a-f]{64} as bob@wall\.example\? Type yes: /);
    assert.match(no.stdout, /was not confirmed, so nothing was signed/);
    assert.equal(no.status, 130);
    const yes = typed(sealed, { "Type yes: ": "yes", "Enter passphrase": "a passphrase" });
    assert.match(yes.stdout, /bob@wall\.example approved/);
    assert.equal(yes.status, 0);
  });

  test("a touched FIDO key and the author's own word, where the rules ask for them", async () => {
    const bytes = await open.save("plan.json", "data-loss");
    open.keep(bytes, "bob@wall.example", open.keys.bob.sign(bytes, NAMESPACE));
    const lacking = await open.demesne("apply", "plan.json");
    assertEnds(
      lacking,
      13,
      /data-loss: 1 of 1 person besides the author with a FIDO key that is touched missing, could be dave@wall\.example, alice@wall\.example, the author, has not signed/,
    );
    open.keep(bytes, "dave@wall.example", open.dave.sign(bytes, NAMESPACE));
    assertEnds(
      await open.demesne("apply", "plan.json"),
      13,
      /: data-loss: approved by dave@wall\.example, alice@wall\.example, the author, has not signed$/m,
    );
    open.keep(bytes, "alice@wall.example", open.keys.alice.sign(bytes, NAMESPACE));
    assertEnds(await open.demesne("approve", "plan.json", "--check"), 0, /dave@wall\.example {2}SHA256:\S+ {2}touched/);
  });

  const foreign: Readonly<Record<string, { sign: (bytes: Uint8Array) => [string, string]; says: RegExp }>> = {
    "of another plan": {
      sign: () => ["bob@wall.example", open.keys.bob.sign(Buffer.from("{}"), NAMESPACE)],
      says: /bob@wall\.example\.sig is not a signature of this plan's bytes/,
    },
    "made for something else (a git commit)": {
      sign: (bytes) => ["bob@wall.example", open.keys.bob.sign(bytes, "git")],
      says: /bob@wall\.example\.sig is for another use \("git"\), should be for demesne-plan@v1/,
    },
    "by a key that has run out": {
      sign: (bytes) => ["carol@wall.example", open.keys.carol.sign(bytes, NAMESPACE)],
      says: /carol@wall\.example\.sig does not count: its key was valid until 20200101Z only/,
    },
    "by a stranger": {
      sign: (bytes) => ["bob@wall.example", open.keys.mallory.sign(bytes, NAMESPACE)],
      says: /bob@wall\.example\.sig is by a key that is not in policy\/allowed_signers \(SHA256:/,
    },
    "under another's name": {
      sign: (bytes) => ["alice@wall.example", open.keys.bob.sign(bytes, NAMESPACE)],
      says: /alice@wall\.example\.sig is the signature of bob@wall\.example/,
    },
    "that is no signature": {
      sign: () => ["bob@wall.example", "approved!\n"],
      says: /bob@wall\.example\.sig is not an SSH signature/,
    },
  };
  for (const [name, { sign, says }] of Object.entries(foreign)) {
    test(`a signature ${name} does not count, and says so`, async () => {
      const bytes = await open.save("plan.json", "restart", { nonce: nonceOf(name) });
      const [principal, signature] = sign(bytes);
      open.keep(bytes, principal, signature);
      assertEnds(await open.demesne("apply", "plan.json"), 13, says);
    });
  }

  type Refusal = {
    readonly command?: readonly string[];
    readonly code: number;
    readonly says: RegExp;
    readonly around?: (run: () => Promise<void>) => Promise<void>;
    readonly parts?: Partial<Plan>;
  };
  const anHour = 3_600_000;
  const refusals: Readonly<Record<string, Refusal>> = {
    "an expired plan": {
      parts: { expires: "2026-01-01T00:00:00.000Z" },
      code: 8,
      says: /^plan\.json: has expired at 2026-01-01T00:00:00\.000Z\nfix: plan again/m,
    },
    "a plan from the future": {
      parts: { created: new Date(Date.now() + anHour).toISOString() },
      code: 8,
      says: /^plan\.json: was made at \S+, which is still to come by this machine's clock\n/m,
    },
    "a plan that was edited": {
      around: async (run) => {
        open.estate.write("plan.json", `${textOf("plan.json")}\n`);
        await run();
      },
      code: 8,
      says: /^plan\.json: is not a plan of this version of Demesne, or was edited\n/m,
    },
    "a plan of another estate": {
      parts: { estate: { name: "fence", profile: "cloud", inputs: [] } },
      code: 8,
      says: /^plan\.json: is a plan of the estate fence, not of wall\n/m,
    },
    "a plan under another profile": {
      parts: { estate: { name: "wall", profile: "airgapped", inputs: [] } },
      code: 8,
      says: /^plan\.json: was made under the profile airgapped, and cloud is in force\n/m,
    },
    "a plan for a host that is not in the estate": {
      around: async (run) =>
        await edited((plan) => ({ ...plan, hosts: plan.hosts.map((host) => ({ ...host, host: "other" })) }), run),
      code: 8,
      says: /^plan\.json: is for a host other, and the estate has none of that name\n/m,
    },
    "a plan for a host with other keys": {
      around: async (run) =>
        await edited(
          (plan) => ({ ...plan, hosts: plan.hosts.map((host) => ({ ...host, hostKeys: ["ssh-rsa AAAAB3Nza"] })) }),
          run,
        ),
      code: 8,
      says: /^host control: is pinned to other host keys \(ssh-ed25519 \.\.\.\S+\) than the plan was made for \(ssh-rsa \.\.\.\S* ?AAAAB3Nza\)\n/m,
    },
    "a plan that plays down what it needs": {
      parts: { approval: null },
      code: 8,
      says: /^plan\.json: says that it needs other approvals than the estate asks for: it was edited\n/m,
    },
    "an estate that has moved on": {
      around: async (run) =>
        await whileWritten(
          "estate.yaml",
          textOf("estate.yaml").replace("what anybody may read", "what anyone may read"),
          run,
        ),
      code: 8,
      says: /^estate\.yaml: changed since the plan was made, so nothing was done\n/m,
    },
    "other signers than the plan was made under": {
      around: async (run) =>
        await whileWritten("policy/allowed_signers", `${textOf("policy/allowed_signers")}# one more line\n`, run),
      code: 8,
      says: /^policy\/allowed_signers: changed since the plan was made, so nothing was done\n/m,
    },
  };
  const toolRefusals: Readonly<Record<string, Refusal>> = {
    "a plan by another Demesne": {
      parts: { tool: "0.0.1" },
      code: 8,
      says: /^plan\.json: was made by Demesne 0\.0\.1, this is \S+\n/m,
    },
    ...Object.fromEntries(
      (["probe", "wrapper", "ansible"] as const).map((name) => [
        `a plan with another ${name}`,
        {
          around: async (run: () => Promise<void>) =>
            await edited((plan) => ({ ...plan, bound: { ...plan.bound, [name]: `sha256:${"0".repeat(64)}` } }), run),
          code: 8,
          says: { probe: /another probe/, wrapper: /other programs around its tasks/, ansible: /another ansible-core/ }[
            name
          ],
        },
      ]),
    ),
  };

  async function edited(change: (plan: Plan) => Plan, run: () => Promise<void>): Promise<void> {
    const plan: Plan = JSON.parse(textOf("plan.json"));
    open.estate.write("plan.json", canonicalJson(change(plan)));
    await run();
  }

  for (const [command, table] of [
    ["apply", { ...refusals, ...toolRefusals }],
    ["approve", refusals],
  ] as const) {
    for (const [
      name,
      { code, says, parts, around = async (run: () => Promise<void>) => await run() },
    ] of Object.entries(table)) {
      test(`demesne ${command} refuses ${name}`, async () => {
        await open.save("plan.json", "routine", parts);
        await around(async () => {
          assertEnds(await open.demesne(command, "plan.json", ...(command === "approve" ? ["--yes"] : [])), code, says);
        });
        assert.equal(existsSync(join(open.estate.folder, ".demesne/ledger")), false);
      });
    }
  }

  const wrongPeople: Readonly<Record<string, Refusal>> = {
    "a key that is not in the list": {
      command: ["--key", "mallory"],
      code: 3,
      says: /^policy\/allowed_signers: lists no key of yours: looked at SHA256:\S+\nfix: name your key: --key FILE/m,
    },
    "nobody's key": {
      command: [],
      code: 3,
      says: /lists no key of yours: none was found in git's user\.signingkey and ~\/\.ssh/,
    },
    "a key of somebody else": {
      command: ["--key", "bob", "--as", "alice@wall.example"],
      code: 3,
      says: /^--as alice@wall\.example: should be the person whose key it is, which is bob@wall\.example\n/m,
    },
    "a key that has run out": {
      command: ["--key", "carol"],
      code: 7,
      says: /carol: is the key of carol@wall\.example, and its key was valid until 20200101Z only\n/m,
    },
    "a public half that is not there": {
      command: ["--key", "nothing"],
      code: 3,
      says: /nothing\.pub: should be the public half of a key/,
    },
  };
  for (const [name, { command = [], code, says }] of Object.entries(wrongPeople)) {
    test(`demesne approve refuses ${name}`, async () => {
      await open.save("plan.json", "restart", { nonce: nonceOf(name) });
      const args = command.map((word, at) => (command[at - 1] === "--key" ? join(open.room, word) : word));
      assertEnds(await open.demesne("approve", "plan.json", "--yes", ...args), code, says);
    });
  }

  test("the page that it writes is that of the plan's own bytes", async () => {
    const bytes = await open.save("plan.json", "restart");
    assertEnds(
      await open.demesne("approve", "plan.json", "--check", "--html", "plan.html"),
      13,
      /restart: 1 of 1 person missing/,
    );
    assert.equal(textOf("plan.html"), renderHtml(Plan.parse(JSON.parse(bytes.toString())), { namespace: NAMESPACE }));
    const sum = spawnSync("sha256sum", ["plan.json"], { cwd: open.estate.folder, encoding: "utf8" }).stdout.split(
      " ",
    )[0];
    assert.ok(textOf("plan.html").includes(`<code>sha256:${sum}</code>`));
  });

  test("where approvals cannot be kept, it says so", async () => {
    await open.save("plan.json", "restart", { nonce: "4".repeat(32) });
    const approvals = join(open.estate.folder, ".demesne/approvals");
    renameSync(approvals, `${approvals}.away`);
    writeFileSync(approvals, "a file");
    const ended = await open.demesne("approve", "plan.json", "--key", open.keys.bob.file, "--yes");
    rmSync(approvals);
    renameSync(`${approvals}.away`, approvals);
    assertEnds(ended, 9, /^\.demesne\/approvals\/\S+: cannot be written: .*\nfix: make it a folder/m);
  });

  test("without a terminal it does not guess the answer", async () => {
    await open.save("plan.json", "restart", { nonce: "2".repeat(32) });
    const ended = await open.demesne("approve", "plan.json", "--key", open.keys.bob.file);
    assertEnds(ended, 3, /^demesne approve: cannot ask here, there is no terminal\nfix: .*--yes/m);
  });

  test("a plan that holds a refusal is not approved", async () => {
    await open.save("plan.json", "restart");
    await edited(
      (plan) => ({
        ...plan,
        hosts: plan.hosts.map((host) => ({
          ...host,
          refusals: [{ ref: "unit:ufw.service", role: "firewall", what: "runs", fix: "stop it" }],
        })),
      }),
      async () =>
        assertEnds(
          await open.demesne("approve", "plan.json", "--key", open.keys.bob.file, "--yes"),
          7,
          /cannot be applied: unit:ufw\.service runs/,
        ),
    );
  });

  test("signers that are wrong are an error of the estate, with file and line", async () => {
    await open.save("plan.json", "restart");
    await whileWritten("policy/allowed_signers", `*@wall.example ${open.keys.bob.line}\n`, async () => {
      await open.save("plan.json", "restart").then(
        () => assert.fail("it was planned"),
        (problem: unknown) =>
          assert.match(String(problem), /policy\/allowed_signers:1: should begin with one person's name/),
      );
    });
    await whileWritten("policy/allowed_signers", `bob@wall.example ${open.keys.bob.line}\n`, async () => {
      await open.save("plan.json", "restart").then(
        () => assert.fail("it was planned"),
        (problem: unknown) =>
          assert.match(
            String(problem),
            /estate\.yaml approvals\/connectivity: asks for 2 people, and policy\/allowed_signers lists 1/,
          ),
      );
    });
  });

  test("an estate without approvals needs nobody's, says so, and has nothing to approve", async () => {
    await whileWritten("estate.yaml", textOf("estate.yaml").replace(RULES, ""), async () => {
      await open.save("plan.json", "reboot");
      assertEnds(await open.demesne("apply", "plan.json"), 4, /^inventory\/secrets\.sops\.yaml: is missing/m);
      assertEnds(
        await open.demesne("approve", "plan.json", "--yes"),
        3,
        /needs no approval: this estate asks for none/,
      );
      assertEnds(
        await open.demesne("approve", "plan.json", "--check"),
        0,
        /the estate asks for no approvals: a single operator applies/,
      );
    });
  });

  test("approvals without a list of people are an error of the estate", async () => {
    await open.save("plan.json", "restart");
    const text = textOf("policy/allowed_signers");
    rmSync(join(open.estate.folder, "policy/allowed_signers"));
    try {
      assertEnds(
        await open.demesne("apply", "plan.json"),
        4,
        /^policy\/allowed_signers: is missing, and estate\.yaml asks for approvals\n/m,
      );
    } finally {
      open.estate.write("policy/allowed_signers", text);
    }
  });
});

/** Types each answer at a terminal of its own, once it is asked for. */
const TYPIST = `
import json, os, pty, sys
answers, argv = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0: os.execvp(argv[0], argv)
said = b""
while True:
    try: part = os.read(terminal, 65536)
    except OSError: break
    if not part: break
    said += part
    for prompt in [each for each in answers if each.encode() in said]: os.write(terminal, answers.pop(prompt).encode() + b"\\n")
os.write(1, said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** A plan of its own for each case, so that no other case's signature is found. */
function nonceOf(name: string): string {
  return Buffer.from(name).toString("hex").padEnd(32, "0").slice(0, 32);
}

async function startAgent(
  socket: string,
  key: string,
): Promise<{ readonly socket: string; readonly stop: () => void }> {
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const { status, stderr } = spawnSync("ssh-add", ["-q", key], {
    env: { SSH_AUTH_SOCK: socket, PATH: process.env["PATH"] },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return { socket, stop: () => void child.kill() };
}
