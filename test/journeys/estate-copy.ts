// A copy of an estate's folder that a journey may edit, as an operator would: by changing its files.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The example as it stands: its waivers run out by the calendar, those of a copy never do. */
export const harbour = resolve(import.meta.dirname, "../../examples/harbour");

/** Before they run out. */
export const noon = { now: () => Date.parse("2026-11-21T12:00:00Z") };

export type EstateCopy = {
  readonly folder: string;
  /** Replaces a text that stands exactly once in a file; throws when it does not. */
  edit(file: string, from: string, to: string): void;
  write(file: string, text: string): void;
  delete(path: string): void;
  /** Removes the copy. */
  remove(): void;
};

export function copyEstate(from: string): EstateCopy {
  const folder = mkdtempSync(join(tmpdir(), "demesne-journey-"));
  cpSync(from, folder, { recursive: true });
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  const estate = readFileSync(join(folder, "estate.yaml"), "utf8");
  write("estate.yaml", estate.replaceAll(/\buntil: "\d{4}-\d{2}-\d{2}"/g, 'until: "9999-12-31"'));
  return {
    folder,
    edit: (file, before, after) => {
      const parts = readFileSync(join(folder, file), "utf8").split(before);
      if (parts.length !== 2) throw new TypeError(`${file} holds ${parts.length - 1} times: ${before}`);
      write(file, parts.join(after));
    },
    write,
    delete: (path) => rmSync(join(folder, path), { recursive: true }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Debian has a group `operator` already, so that an account of this name would get another group than its own. */
export function renameOperator(copy: EstateCopy): void {
  copy.edit("estate.yaml", "accounts:\n  operator:\n", "accounts:\n  ops:\n");
  copy.edit("inventory/hosts.yaml", "    user: operator # one", "    user: ops # one");
  copy.edit("inventory/hosts.yaml", "    user: operator\n", "    user: ops\n");
}
