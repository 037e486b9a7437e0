// Sets of two characters: areas of postcodes, countries, beginnings of keys. Asked without making a string of them.

export class Pairs {
  /** By the first character's seven bits and the second's. */
  readonly #has = new Uint8Array(1 << 14);

  constructor(pairs: readonly string[]) {
    for (const pair of pairs) this.#has[(pair.charCodeAt(0) << 7) | pair.charCodeAt(1)] = 1;
  }

  /** Takes codes; those above ASCII are in no pair. */
  has(first: number, second: number): boolean {
    return (first | second) < 0x80 && this.#has[(first << 7) | second] === 1;
  }
}
