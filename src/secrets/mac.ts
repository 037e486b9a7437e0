// SOPS's MAC: SHA-512 over the plain bytes of all values in document order. It covers no keys and no comments.
import { createHash } from "node:crypto";

/** sha256("sops"): makes a MAC over encrypted values only differ from one over all. */
const ONLY_ENCRYPTED_START = createHash("sha256").update("sops").digest();

export type MacHash = { add(text: string, isEncrypted: boolean): void; value(): string };

export function macHash(onlyEncrypted: boolean): MacHash {
  const hash = createHash("sha512");
  if (onlyEncrypted) hash.update(ONLY_ENCRYPTED_START);
  return {
    add: (text, isEncrypted) => {
      if (!onlyEncrypted || isEncrypted) hash.update(text, "utf8");
    },
    value: () => hash.digest("hex").toUpperCase(),
  };
}
