// A name that says "secret" and a random-looking value assigned to it. The one rule that must judge.
import { entropyOf, isPlaceholder } from "./scan-entropy.ts";
import type { Hit } from "./scan-rules.ts";

/** From inside the name (`..assw`ord, `api_key`) over the rest of it and the assignment to the value. */
const REST =
  /[A-Za-z]{0,10}(?:[_.-]?[A-Za-z0-9]{1,20}){0,2}["'`\]]{0,2}\s{0,4}(?::=|=>|=|:)\s{0,4}(?:[bru]?["'`])?(?<secret>[A-Za-z0-9+/=_.~!@#%^&-]{12,160})(?=$|[\s"'`,;)}\]])/y;

const LEAST_ENTROPY = 3.6;

export function findAssignment(text: string, index: number): Hit | undefined {
  REST.lastIndex = index;
  const match = REST.exec(text);
  const secret = match?.groups?.["secret"];
  if (match === null || secret === undefined || match[0].includes("\n")) return undefined;
  if (!looksRandom(secret)) return undefined;
  const at = REST.lastIndex - match[0].length + match[0].lastIndexOf(secret);
  return { rule: "assigned-secret", what: "random value assigned to a secret's name", at, length: secret.length };
}

/** Letters and digits mixed without the shape of a word, a path, a name, a call, a version or a public digest. */
function looksRandom(value: string): boolean {
  if (entropyOf(value) < LEAST_ENTROPY || isPlaceholder(value)) return false;
  const digits = value.replace(/[^0-9]/g, "").length;
  const letters = value.replace(/[^A-Za-z]/g, "").length;
  if (digits < 2 || letters < 4) return false;
  if (/^(sha\d+|md5|hmac|ENC|age1|ssh-|ecdsa-|vault|secret|arn|file|https?|op)[:[-]|^age1|^AAAA/.test(value))
    return false;
  if (/^[./~@]|\.(ts|js|go|py|rs|ya?ml|json|md|pem|key|txt|sh|html|com|org|net|io)$/.test(value)) return false;
  // Words joined by separators: each part is a word or a small number.
  const parts = value.split(/[^A-Za-z0-9]+/).filter((part) => part !== "");
  if (parts.every((part) => /^([A-Z]?[a-z]*|[A-Z]+|v?\d{1,4}|[a-z]+\d{1,2})$/.test(part))) return false;
  return !/^[a-z]+([A-Z][a-z]+)+\d{0,2}$/.test(value) && !/^\d{4}-\d\d-\d\d/.test(value);
}
