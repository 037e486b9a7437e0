// Whose thinking a block holds. Anthropic verifies its own signatures and refuses any other, so what a local model thought
// is marked as such: it goes back to local models only, and Anthropic's goes to Anthropic only.

const LOCAL = "demesne-local";

/** The `signature` of a thinking block that a local model wrote. */
export const localSignature = LOCAL;

export function isLocalThinking(block: { readonly [key: string]: unknown }): boolean {
  return block["type"] === "thinking" && block["signature"] === LOCAL;
}
