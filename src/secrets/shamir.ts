// Shamir's secret sharing over GF(256), with the shares laid out as SOPS (and Vault) write them: y bytes, then x.
import { damaged } from "./cipher.ts";

const LOG: number[] = [];
const EXP: number[] = [];
// Powers of the generator 3 modulo x^8 + x^4 + x^3 + x + 1.
for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = value;
  LOG[value] = power;
  value = (value << 1) ^ value ^ (value & 0x80 ? 0x11b : 0);
  value &= 0xff;
}

/** Splits a secret into `parts` shares of which any `threshold` give it back. */
export function split(
  secret: Uint8Array,
  parts: number,
  threshold: number,
  random: (size: number) => Uint8Array,
): readonly Uint8Array[] {
  if (threshold < 2 || threshold > parts || parts > 255) {
    throw new RangeError(`shamir: threshold ${threshold} of ${parts} parts`);
  }
  const shares = Array.from({ length: parts }, () => new Uint8Array(secret.length + 1));
  const coefficients = random(secret.length * (threshold - 1));
  shares.forEach((share, index) => {
    const x = index + 1;
    share[secret.length] = x;
    secret.forEach((byte, at) => {
      const own = coefficients.subarray(at * (threshold - 1), (at + 1) * (threshold - 1));
      share[at] = evaluate(byte, own, x);
    });
  });
  return shares;
}

/** Gives the secret back; throws Problem on shares that cannot belong together. */
export function combine(shares: readonly Uint8Array[], where: string): Uint8Array {
  const [first] = shares;
  const length = (first?.length ?? 0) - 1;
  const xs = shares.map((share) => share.at(-1) ?? 0);
  const fits = shares.every((share) => share.length === length + 1);
  if (length < 1 || !fits || xs.includes(0) || new Set(xs).size !== xs.length) {
    throw damaged(where, "holds key group shares that do not belong together");
  }
  return Uint8Array.from({ length }, (_, at) =>
    atZero(
      xs,
      shares.map((share) => share[at] ?? 0),
    ),
  );
}

function evaluate(constant: number, coefficients: Uint8Array, x: number): number {
  let sum = 0;
  for (const coefficient of coefficients.toReversed()) sum = multiply(sum, x) ^ coefficient;
  return multiply(sum, x) ^ constant;
}

/** Lagrange interpolation at 0; subtraction is addition, addition is xor. */
function atZero(xs: readonly number[], ys: readonly number[]): number {
  return xs.reduce((sum, x, i) => {
    const basis = xs.reduce(
      (product, other, j) => (i === j ? product : multiply(product, divide(other, x ^ other))),
      1,
    );
    return sum ^ multiply(basis, ys[i] ?? 0);
  }, 0);
}

function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : (EXP[((LOG[a] ?? 0) + (LOG[b] ?? 0)) % 255] ?? 0);
}

function divide(a: number, b: number): number {
  return a === 0 ? 0 : (EXP[((LOG[a] ?? 0) - (LOG[b] ?? 0) + 255) % 255] ?? 0);
}
