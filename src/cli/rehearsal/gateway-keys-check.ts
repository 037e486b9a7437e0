// The gateway's word against a client: a budget that is spent, a key that is revoked, and an audit that tells of both.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { openLedger } from "../../ledger/index.ts";
import type { Check } from "../../verify/index.ts";
import { ask, inContainer, issueKey, manage, type Answer, type GatewayInTwin } from "./gateway-client.ts";

export type GatewayKeysInput = GatewayInTwin & {
  readonly model: string;
  /** A local model costs nothing, so no budget can be spent on it. */
  readonly isLocal: boolean;
};

const PATHS = ["/v1/messages", "/v1/chat/completions"] as const;

/** The image holds Node and nothing else that could read a file. */
const SEGMENTS = `
const fs = require("node:fs"), folder = "/var/lib/demesne-gateway/ledger/";
const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
console.log(JSON.stringify(Object.fromEntries(names.map((name) => [name, fs.readFileSync(folder + name, "utf8")]))));
`;

/** Records reach the ledger a moment after the books. */
const AUDIT_MS = 10_000;

export async function checkGatewayKeys(input: GatewayKeysInput): Promise<Check[]> {
  const poor = await issueKey(input, { key_alias: "rehearsal-poor", max_budget: 0.000_001 });
  const brief = await issueKey(input, { key_alias: "rehearsal-brief" });
  const refused = input.isLocal ? [] : await Promise.all(PATHS.map(async (path) => await chat(input, path, poor)));
  const before = await chat(input, PATHS[0], brief);
  await manage(input, "/key/delete", { keys: [brief] });
  const after = await Promise.all(PATHS.map(async (path) => await chat(input, path, brief)));
  const audit = await auditFailures(input, input.isLocal ? ["gateway.key"] : ["gateway.key", "gateway.refused"]);
  return [
    ...(input.isLocal ? [] : [budgetCheck(refused)]),
    check("a revoked virtual key is dead at once", { requests: 3 }, [
      ...expectStatus([before], 200, "before it was revoked"),
      ...expectStatus(after, 401, "after it was revoked"),
    ]),
    check("the gateway's audit is sound and tells of it", { entries: audit.size }, audit.failures),
  ];
}

function budgetCheck(refused: readonly Answer[]): Check {
  // The words of either dialect: Claude Code's, and those that LiteLLM made OpenAI's clients used to.
  const unclear = refused.filter(({ body }) => !/"(billing_error|budget_exceeded)"/.test(body));
  return check("a spent budget is refused in both dialects", { requests: refused.length }, [
    ...expectStatus(refused, 429, "with a spent budget"),
    ...unclear.map(({ body }) => `a spent budget is called ${body.slice(0, 100)}`),
  ]);
}

async function chat(input: GatewayKeysInput, path: string, key: string): Promise<Answer> {
  const body = { model: input.model, max_tokens: 64, messages: [{ role: "user", content: "hello" }] };
  return await ask(input, path, key, body);
}

function expectStatus(answers: readonly Answer[], status: number, when: string): string[] {
  return answers
    .filter((one) => one.status !== status)
    .map((one) => `${when} a chat gets ${one.status}, not ${status}`);
}

/** Brings the ledger here and checks it here: the gateway is not asked about itself. */
async function auditFailures(
  gateway: GatewayInTwin,
  kinds: readonly string[],
): Promise<{ readonly failures: string[]; readonly size: number }> {
  const folder = await mkdtemp(join(tmpdir(), "demesne-audit-"));
  try {
    const ends = Date.now() + AUDIT_MS;
    for (;;) {
      await copyLedger(gateway, folder);
      const ledger = openLedger(folder);
      const report = await ledger.verify();
      const told = new Set((await Array.fromAsync(ledger.read())).map(({ record }) => record.kind));
      const missing = kinds.filter((kind) => !told.has(kind)).map((kind) => `the audit has no ${kind}`);
      const failures = [...report.faults.map(({ where, what }) => `${where}: ${what}`), ...missing];
      if (failures.length === 0 || Date.now() > ends) return { failures, size: report.size };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Copies the gateway's ledger into a folder of this machine. */
export async function copyLedger(gateway: GatewayInTwin, folder: string): Promise<void> {
  const { stdout } = await inContainer(gateway, ["node", "-e", SEGMENTS]);
  const segments = z.record(z.string().regex(/^[\w.-]+$/), z.string()).parse(JSON.parse(stdout));
  await Promise.all(Object.entries(segments).map(async ([name, text]) => await writeFile(join(folder, name), text)));
}

function check(name: string, counts: Check["counts"], failures: readonly string[]): Check {
  return {
    name,
    from: "the twin itself",
    result: failures.length === 0 ? "pass" : "fail",
    counts,
    detail: failures[0] ?? "as it should be",
    evidence: [...failures],
  };
}
