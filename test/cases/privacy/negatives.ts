// Hard negatives: what looks like an identifier and is nobody's.
import * as make from "./identifiers.ts";

type Make = (c: make.Chance) => string;

const digits = (c: make.Chance, count: number): string => Array.from({ length: count }, () => c.below(10)).join("");
const hex = (c: make.Chance, count: number): string => Array.from({ length: count }, () => c.below(16).toString(16)).join("");

/** The last digit off by one, so that the check fails. */
function spoiled(value: string): string {
  const last = /\d(?=\D*$)/.exec(value);
  if (last === null) return value;
  return value.slice(0, last.index) + String((Number(last[0]) + 1) % 10) + value.slice(last.index + 1);
}

const MAKERS: readonly Make[] = [
  (c) => `NHS number ${spoiled(make.nhs(c))} fails its check`,
  (c) => `Card ${spoiled(make.card(c))} is no card`,
  (c) => `IBAN ${spoiled(make.iban(c))}`,
  (c) => `"created":${1_600_000_000 + c.below(190_000_000)}`,
  (c) => `ts=${1_600_000_000_000 + c.below(190_000_000_000)}`,
  (c) => `[${1_600_000_000 + c.below(190_000_000)}.${digits(c, 6)}] usb 1-1: new device`,
  (c) => `commit ${hex(c, 40)}`,
  (c) => `${hex(c, 8)}-${hex(c, 4)}-4${hex(c, 3)}-a${hex(c, 3)}-${hex(c, 12)}`,
  (c) => `sha256:${hex(c, 64)}`,
  (c) => `version ${c.below(20)}.${c.below(20)}.${c.below(20)}.${c.below(20)}`,
  (c) => `libfoo ${c.below(9)}.${c.below(90)}-${c.below(9)}+deb12u${c.below(9)}`,
  (c) => `Mozilla/5.0 Chrome/${100 + c.below(40)}.0.0.0 Safari/537.36`,
  (c) => `listening on 127.0.0.1:${3000 + c.below(5000)}`,
  (c) => `10.${c.below(250)}.${c.below(250)}.${c.below(250)} -> 192.168.${c.below(250)}.${c.below(250)}`,
  (c) => `fe80::${hex(c, 4)}:${hex(c, 4)} dev eth0`,
  (c) => `Due on ${1 + c.below(28)}/0${1 + c.below(9)}/202${c.below(8)}`,
  (c) => `2026-0${1 + c.below(9)}-1${c.below(9)}T0${c.below(9)}:${10 + c.below(49)}:${10 + c.below(49)}Z INFO done in ${c.below(9000)} ms`,
  (c) => `0.${digits(c, 16)}, ${c.below(9)}.${digits(c, 15)}`,
  (c) => `total £${digits(c, 4)}.${digits(c, 2)} (order ${digits(c, 7)})`,
  (c) => `${c.below(4000)},${c.below(4000)},${c.below(4000)},${c.below(4000)},${c.below(4000)}`,
  (c) => `const mask${c.below(99)} = 0x${hex(c, 8)};`,
  (c) => `#${hex(c, 6)} #${digits(c, 6)}`,
  (c) => `ISBN 978-0-${digits(c, 3)}-${digits(c, 5)}-${c.below(10)}`,
  (c) => `user@${1000 + c.below(9)}.service started`,
  (c) => `icon@2x.png, font-${c.below(9)}00.woff2`,
  (c) => `npm install left-pad@1.${c.below(9)}.${c.below(9)}`,
  (c) => `0${c.below(9)}:${10 + c.below(49)}:${hex(c, 2)}:${hex(c, 2)}:${hex(c, 2)}:${hex(c, 2)}`,
  (c) => `Section ${c.below(90)} Merge requests, page ${c.below(900)}`,
  (c) => `${c.below(99)} passing, ${c.below(99)} failing (${c.below(9000)}ms)`,
  (c) => `+${digits(c, 3)} -${digits(c, 2)} lines in ${c.below(99)} files`,
  (c) => `@@ -${c.below(900)},${c.below(90)} +${c.below(900)},${c.below(90)} @@`,
  (c) => `password: process.env.DB_PASSWORD_${c.below(9)}`,
  (c) => `token: \${{ secrets.TOKEN_${c.below(9)} }}`,
  (c) => `row ${digits(c, 8)} of ${digits(c, 9)}`,
  (c) => `AB12 errors in CD34 EFG${c.below(9)}`,
  (c) => `RFC ${1000 + c.below(8000)}, ISO 8601, BS EN 50${digits(c, 3)}`,
];

export function negatives(c: make.Chance): string[] {
  return MAKERS.flatMap((maker) => Array.from({ length: 40 }, () => maker(c)));
}
