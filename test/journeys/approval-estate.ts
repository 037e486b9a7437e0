// A small estate in git in which people approve: their keys are ssh-keygen's, and a FIDO key is one without its device.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bindPlan } from "../../src/cli/bound-plan.ts";
import { deviceKey, KINDS, realKey, type TestKey } from "../../src/approval/keys-fixture.ts";
import { loadEstate } from "../../src/estate/index.ts";
import { canonicalJson } from "../../src/lib/canonical-json.ts";
import { digest } from "../../src/lib/digest.ts";
import type { HostPlan, Plan } from "../../src/plan/index.ts";
import { copyEstate, type EstateCopy } from "./estate-copy.ts";
import { demesne, type Ended } from "./watched.ts";

const WALL = resolve(import.meta.dirname, "../estates/wall");

/** As it is written into estate.yaml. */
export const RULES = `approvals:
  routine: { people: 0 }
  restart: { people: 1 }
  connectivity: { people: 2 }
  data-loss: { people: 1, author: false, key: touched }
  reboot: { people: 1, key: verified }
`;

export type ApprovalEstate = {
  readonly estate: EstateCopy;
  /** Where the keys lie. */
  readonly room: string;
  readonly keys: Readonly<Record<"alice" | "bob" | "carol" | "mallory", TestKey & { readonly file: string }>>;
  /** Dave's key is a FIDO key, touched. */
  readonly dave: TestKey;
  /** Runs the command line in the estate; the operator's home holds no key. */
  demesne(...args: readonly string[]): Promise<Ended>;
  with(env: Readonly<Record<string, string>>): Pick<ApprovalEstate, "demesne">;
  /** Saves a plan of one change of this risk, by alice. */
  save(file: string, risk: HostPlan["changes"][number]["risk"], parts?: Partial<Plan>): Promise<Buffer>;
  /** Puts a signature where approvals are kept, as somebody else's `git push` would. */
  keep(bytes: Uint8Array, principal: string, signature: string): void;
  close(): void;
};

export function openApprovalEstate(): ApprovalEstate {
  const estate = copyEstate(WALL);
  const room = mkdtempSync(join(tmpdir(), "demesne-people-"));
  const key = (name: string) => realKey(room, name, KINDS.ed25519);
  const keys = { alice: key("alice"), bob: key("bob"), carol: key("carol"), mallory: key("mallory") };
  const dave = deviceKey("ed25519", { flags: 1 });
  estate.edit("estate.yaml", "accounts:\n", `${RULES}accounts:\n`);
  mkdirSync(join(estate.folder, "policy"));
  estate.write("policy/allowed_signers", signersText({ ...keys, dave }));
  const options = { cwd: estate.folder, env: { HOME: room, NO_COLOR: "1" } };
  return {
    estate,
    room,
    keys,
    dave,
    demesne: async (...args) => await demesne(args, options),
    with: (env) => ({
      demesne: async (...args) => await demesne(args, { ...options, env: { ...options.env, ...env } }),
    }),
    save: async (file, risk, parts = {}) => {
      const text = canonicalJson({ ...(await planOf(estate.folder, risk)), ...parts });
      estate.write(file, text);
      return Buffer.from(text);
    },
    keep: (bytes, principal, signature) => {
      const folder = join(".demesne", "approvals", digest(bytes).slice("sha256:".length));
      mkdirSync(join(estate.folder, folder), { recursive: true });
      estate.write(join(folder, `${principal}.sig`), signature);
    },
    close: () => {
      estate.remove();
      rmSync(room, { recursive: true });
    },
  };
}

function signersText({
  alice,
  bob,
  carol,
  dave,
}: Readonly<Record<"alice" | "bob" | "carol" | "dave", TestKey>>): string {
  const only = 'namespaces="demesne-plan@v1"';
  return [
    "# Who approves changes of the wall.",
    `alice@wall.example ${only} ${alice.line}`,
    `bob@wall.example ${only} ${bob.line}`,
    `carol@wall.example ${only},valid-before="20200101Z" ${carol.line}`,
    `dave@wall.example ${only} ${dave.line}`,
    "",
  ].join("\n");
}

async function planOf(folder: string, risk: HostPlan["changes"][number]["risk"]): Promise<Plan> {
  const signal = AbortSignal.timeout(120_000);
  const estate = await loadEstate(folder, { signal });
  const looks = Promise.resolve([hostPlan(risk)]);
  const plan = await bindPlan({ estate, nonce: "0".repeat(32), looks, hours: 1, role: undefined, signal });
  return { ...plan, author: { name: "Alice <alice@wall.example>", principal: "alice@wall.example" } };
}

function hostPlan(risk: HostPlan["changes"][number]["risk"]): HostPlan {
  const ref = "file:/etc/motd" as const;
  return {
    host: "control",
    machineId: "0".repeat(32),
    os: "debian-13",
    python: "3.13.5",
    fingerprint: digest("a look"),
    resources: 1,
    changes: [{ ref, role: "common", action: "create", sentence: "write /etc/motd", risk, differences: [] }],
    refusals: [],
    waiting: [],
    notRehearsed: [],
    owned: { before: [], during: [], after: [] },
    history: "",
    stages: [],
  };
}
