// Demesne's own seal: an HMAC over the whole file. SOPS's MAC covers no keys, no comments, no recipients and no rule;
// the seal covers every byte. Its key comes from the data key, so only a recipient can make one.
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { Problem } from "../lib/problem.ts";

const PREFIX = "hmac-sha256:";
/** Stands in the file while the seal is computed, in the seal's place and of its length. */
export const UNSEALED = `${PREFIX}${"A".repeat(43)}=`;

/** The seal of a file's text, which must hold UNSEALED where the seal will stand. */
export function sealOf(text: string, dataKey: Uint8Array): string {
  const key = Buffer.from(hkdfSync("sha256", dataKey, "", "demesne secrets seal v1", 32));
  return PREFIX + createHmac("sha256", key).update(text, "utf8").digest("base64");
}

/** Throws Problem when one byte of the file is not as it was written. */
export function checkSeal(text: string, seal: string, dataKey: Uint8Array, where: string): void {
  const expected = Buffer.from(sealOf(text.replaceAll(seal, UNSEALED), dataKey));
  const given = Buffer.from(seal);
  if (expected.length === given.length && timingSafeEqual(expected, given)) return;
  throw new Problem({
    code: "secret",
    where,
    what: "was changed by hand or by another tool since it was sealed: names, recipients, comments or layout differ",
    fix: "compare with the last good commit (git diff); if the change is meant: demesne secrets rotate --reseal --file <file>",
  });
}
