// The Merkle tree of RFC 6962, grown leaf by leaf. It keeps only the peaks (the roots of the full subtrees, largest
// first), so a ledger of any length is followed in a few hundred bytes, and a pruned one can be followed on.
import { createHash } from "node:crypto";

export class MerkleTree {
  #size: number;
  readonly #peaks: Buffer[];

  constructor(size = 0, peaks: readonly string[] = []) {
    this.#size = size;
    this.#peaks = peaks.map((peak) => Buffer.from(peak, "hex"));
  }

  get peaks(): string[] {
    return this.#peaks.map((peak) => peak.toString("hex"));
  }

  add(leaf: string): void {
    let node = hash(0, Buffer.from(leaf));
    // Each trailing one bit of the size is a full subtree that the new leaf completes into a larger one.
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#peaks.pop();
      if (left === undefined) throw new RangeError("merkle: fewer peaks than the size asks for");
      node = hash(1, left, node);
    }
    this.#peaks.push(node);
    this.#size += 1;
  }

  /** The root over all leaves so far, base64. */
  root(): string {
    const [last, ...rest] = this.#peaks.toReversed();
    if (last === undefined) return createHash("sha256").digest("base64");
    return rest.reduce((right, left) => hash(1, left, right), last).toString("base64");
  }
}

function hash(prefix: 0 | 1, ...parts: readonly Buffer[]): Buffer {
  const digest = createHash("sha256").update(Buffer.of(prefix));
  for (const part of parts) digest.update(part);
  return digest.digest();
}
