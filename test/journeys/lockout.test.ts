// Changes that lock everybody out, each on a real host: access is not proven, and the host puts itself back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { applyHost } from "../../src/apply/index.ts";
import { digest, digestJson } from "../../src/lib/digest.ts";
import { Problem } from "../../src/lib/problem.ts";
import { observe } from "../../src/observe/index.ts";
import { planHost, type HostPlan } from "../../src/plan/index.ts";
import type { Resource } from "../../src/resources/index.ts";
import { openTwin, type OpenTwin, type Rehearsed } from "./applied-twin.ts";
import { copyEstate, harbour, renameOperator, type EstateCopy } from "./estate-copy.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const SSHD = "file:/etc/ssh/sshd_config.d/00-demesne.conf";
const RULES = "file:/etc/demesne/firewall.nft";
/** Where access is decided; the rest of the estate would only take its time. */
const ROLES = new Set(["deadman", "common", "ssh-hardening", "firewall"]);
const WINDOW_SECONDS = 40;

type Edit = (text: string) => string;
type Lockout = {
  readonly name: string;
  readonly window: string;
  /** The wanted text of one file, as somebody would get it wrong. */
  readonly file: string;
  readonly edit: Edit;
  readonly says: RegExp;
};

const noSsh: Edit = (text) => text.replaceAll(/^.*tcp dport 22 accept\n/gm, "");
const noSsh6: Edit = (text) => text.replaceAll(/^.*ip6 saddr .* tcp dport 22 accept\n/gm, "");
const keys = "file:/home/ops/.ssh/authorized_keys";

const lockouts: readonly Lockout[] = [
  {
    name: "sshd on a port that nobody expects",
    window: "ssh-hardening",
    file: SSHD,
    edit: (text) => text.replace("Port 22\n", "Port 2222\n"),
    says: /access was not proven: .*Connection refused/,
  },
  {
    name: "sshd that lets in a group that nobody is in",
    window: "ssh-hardening",
    file: SSHD,
    edit: (text) => text.replace(/^AllowGroups .*$/m, "AllowGroups nobody-at-all"),
    says: /access was not proven: .*refused the login/,
  },
  {
    name: "a configuration that sshd cannot read",
    window: "ssh-hardening",
    file: SSHD,
    edit: (text) => `${text}NoSuchSetting yes\n`,
    says: /failed to validate|NoSuchSetting/,
  },
  {
    name: "a firewall that drops ssh",
    window: "firewall",
    file: RULES,
    edit: noSsh,
    says: /access was not proven: .*timed out/,
  },
  {
    name: "a firewall that drops ssh over IPv6 alone",
    window: "firewall",
    file: RULES,
    edit: noSsh6,
    says: /access was not proven: .*:.*timed out/,
  },
  {
    name: "keys without the operator's",
    window: "common",
    file: keys,
    edit: (text) => `${text.split("\n")[0]}\n`,
    says: /access was not proven: .*refused the login/,
  },
];

const WithContent = z.looseObject({ content: z.string() });

describe("nobody is locked out", { skip, timeout: 1_800_000 }, () => {
  let open: OpenTwin;
  let copy: EstateCopy;
  let sound: Rehearsed;
  before(async () => {
    copy = copyEstate(harbour);
    renameOperator(copy);
    open = await openTwin(copy.folder);
    const all = await open.load(copy.folder);
    sound = { ...all, resources: all.resources.filter((each) => ROLES.has(each.role)) };
    const { left } = await applyFor(open, sound, await planFor(open, sound.resources), sound.resources);
    assert.deepEqual(left.changes, []);
  });
  after(async () => {
    copy?.remove();
    await open?.close();
  });

  for (const { name, window, file, edit, says } of lockouts) {
    test(`by ${name}`, async () => {
      const then = await state(open);
      const wanted = edited(sound.resources, file, edit);
      const plan = await planFor(open, wanted);
      assert.deepEqual(
        plan.stages.flatMap((each) => each.window?.name ?? []),
        [window],
      );
      await assert.rejects(applyFor(open, sound, plan, wanted), (error) => {
        assert.ok(error instanceof Problem, String(error));
        assert.match(error.message, says);
        assert.match(error.message, new RegExp(`it is as it was before the window ${window}$`));
        return true;
      });
      assert.equal(await state(open), then);
      const last = z.looseObject({ outcome: z.string(), errors: z.array(z.string()) });
      const told = last.parse(JSON.parse(await open.inTwin("cat /var/lib/demesne/deadman/last.json")));
      assert.deepEqual([told.outcome, told.errors], ["reverted", []]);
      assert.deepEqual((await planFor(open, sound.resources)).changes, []);
    });
  }

  test("by an account that lost its shell and its group", async () => {
    const then = await state(open);
    const wanted = sound.resources.map((each) =>
      each.ref === "user:ops"
        ? { ...each, wanted: { ...z.looseObject({}).parse(each.wanted), shell: "/usr/sbin/nologin" } }
        : each,
    );
    const plan = await planFor(open, wanted);
    await assert.rejects(applyFor(open, sound, plan, wanted), /as it was before the window common/);
    assert.equal(await state(open), then);
    assert.deepEqual((await planFor(open, sound.resources)).changes, []);
  });

  test("by a window that could never be proven: nothing is done where the other address is not reached before", async () => {
    const then = await state(open);
    const wanted = edited(sound.resources, SSHD, (text) => `${text}# and a remark\n`);
    const nobody = open.twin.address6.replace(/[0-9a-f]*$/, "dead");
    const elsewhere = { ...sound, host: { ...sound.host, address6: nobody } };
    await assert.rejects(applyFor(open, elsewhere, await planFor(open, wanted), wanted), {
      code: "unreachable",
      message: /is not reached over its address6, so nothing was done/,
    });
    assert.equal(await state(open), then);
  });

  test("and a change that is sound is confirmed over both addresses", async () => {
    const wanted = edited(sound.resources, SSHD, (text) => `${text}# and a remark\n`);
    const { left } = await applyFor(open, sound, await planFor(open, wanted), wanted);
    assert.deepEqual(left.changes, []);
    assert.match(await open.inTwin("cat /var/lib/demesne/deadman/last.json"), /"outcome": "confirmed"/);
    assert.equal(await open.inTwin("test -e /var/lib/demesne/deadman/armed.json && echo armed || true"), "");
    const back = await planFor(open, sound.resources);
    assert.deepEqual((await applyFor(open, sound, back, sound.resources)).left.changes, []);
  });
});

/** Everything that the cases change, as it stands on the host. */
async function state(open: OpenTwin): Promise<string> {
  return await open.inTwin(
    "cat /etc/ssh/sshd_config.d/00-demesne.conf /etc/demesne/firewall.nft /etc/passwd /etc/group /etc/shadow /home/ops/.ssh/authorized_keys; stat -c '%n %a %U %G' /etc/shadow /home/ops/.ssh/authorized_keys; nft --stateless list table inet demesne; ss -Hltn sport = :22; systemctl is-active ssh.service demesne-firewall.service; ls /etc/ssh/sshd_config.d",
  );
}

/** One file's text as somebody got it wrong, and what hangs on that text. */
function edited(resources: readonly Resource[], ref: string, edit: Edit): Resource[] {
  const was = WithContent.parse(resources.find((each) => each.ref === ref)?.wanted).content;
  const next = edit(was);
  assert.notEqual(next, was);
  return resources.map((each) => {
    const wanted = z.looseObject({}).parse(each.wanted);
    if (each.ref === ref) return { ...each, wanted: { ...wanted, content: next, validate: wanted["validate"] } };
    if (wanted["config"] === digest(was)) return { ...each, wanted: { ...wanted, config: digest(next) } };
    if (each.ref === "nft-table:inet demesne" && ref === RULES)
      return { ...each, wanted: { ...wanted, rules: edit(String(wanted["rules"])) } };
    return each;
  });
}

async function planFor(open: OpenTwin, wanted: readonly Resource[]): Promise<HostPlan> {
  const look = await observe(open.ssh, wanted, { secretKey: open.secrets.key });
  const nonce = digest(`${Date.now()}`).slice(7, 39);
  return planHost({ host: "control", wanted, look, nonce, windowSeconds: WINDOW_SECONDS });
}

async function applyFor(open: OpenTwin, { host }: Rehearsed, plan: HostPlan, wanted: readonly Resource[]) {
  const opened = { secret: open.secrets.open, secretKey: open.secrets.key };
  const progress = { step: () => {}, detail: () => {} };
  const about = {
    host: open.ssh,
    plan,
    digest: digestJson(plan),
    address6: host.address6,
    wanted,
    windowSeconds: WINDOW_SECONDS,
  };
  return await applyHost({ ...about, ansible: open.ansible, ...opened, progress });
}
