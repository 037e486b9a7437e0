// Personal data on its way through the running gateway: an NHS number goes in, the upstream sees a pseudonym, the client gets
// the number back, the audit counts it and does not hold it.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "../../verify/index.ts";
import { ask, issueKey, type GatewayInTwin } from "./gateway-client.ts";
import { copyLedger } from "./gateway-keys-check.ts";
import type { Worker } from "./worker.ts";

export type GatewayPrivacyInput = GatewayInTwin & { readonly model: string; readonly worker: Worker };

/** Of the range that is kept for examples: nobody has it. */
const NUMBER = "999 123 4578";
const SPELLINGS = [NUMBER, NUMBER.replaceAll(" ", "\u00a0"), NUMBER.replaceAll(" ", "")];

/** Records reach the ledger a moment after the books. */
const AUDIT_MS = 10_000;

/** For hosted models only: to a local one the data may go as it is. */
export async function checkGatewayPrivacy(input: GatewayPrivacyInput): Promise<Check> {
  const key = await issueKey(input, { key_alias: "rehearsal-privacy" });
  const before = (await input.worker.seen()).length;
  const failures: string[] = [];
  for (const spelling of SPELLINGS) {
    for (const path of ["/v1/messages", "/v1/chat/completions"]) {
      const content = `The patient's NHS number. Say this back: ${spelling}`;
      const { status, body } = await ask(input, path, key, {
        model: input.model,
        max_tokens: 64,
        messages: [{ role: "user", content }],
      });
      if (status !== 200) failures.push(`${path} answers ${status}: ${body.slice(0, 200)}`);
      else if (!decoded(body).includes(spelling)) failures.push(`${path} does not bring the number back`);
    }
  }
  const seen = (await input.worker.seen()).slice(before);
  if (seen.length === 0) failures.push("nothing reached the scripted worker");
  if (seen.some(({ body }) => holdsNumber(body))) failures.push("the upstream saw the number");
  if (!seen.every(({ body }) => /QidNhsn/.test(body))) failures.push("the upstream saw no pseudonym");
  failures.push(...(await auditFailures(input)));
  return {
    name: "personal data does not leave to a hosted model, and comes back to the client",
    from: "the twin itself",
    result: failures.length === 0 ? "pass" : "fail",
    counts: { requests: SPELLINGS.length * 2, reachedUpstream: seen.length },
    detail:
      failures[0] ?? "an NHS number in three spellings and both dialects; the audit counts it and does not hold it",
    evidence: failures,
  };
}

/** JSON escapes read, so that a number cannot hide in them. */
function decoded(body: string): string {
  return body.replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}

function holdsNumber(text: string): boolean {
  return decoded(text)
    .replaceAll(/[^0-9]/g, "")
    .includes(NUMBER.replaceAll(" ", ""));
}

async function auditFailures(input: GatewayInTwin): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "demesne-privacy-"));
  try {
    for (const ends = Date.now() + AUDIT_MS; ;) {
      await copyLedger(input, folder);
      const texts = await Promise.all(
        (await readdir(folder)).map(async (name) => await readFile(join(folder, name), "utf8")),
      );
      const counted = texts.join("").match(/"findings":\{"nhs":1\}/g)?.length ?? 0;
      const failures = [
        ...(counted === SPELLINGS.length * 2
          ? []
          : [`the audit counts ${counted} numbers, not ${SPELLINGS.length * 2}`]),
        ...(texts.some((text) => SPELLINGS.some((spelling) => text.includes(spelling)))
          ? ["the audit holds the number"]
          : []),
      ];
      if (failures.length === 0 || Date.now() > ends) return failures;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
