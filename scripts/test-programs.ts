// Programs of the system that tests use beside our own code. As root on Debian what is missing is installed, and said; for
// others it is only said.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { installMissing } from "../src/lab/prerequisites.ts";
import type { Progress } from "../src/lib/ports.ts";

/** Debian package -> what shows that it is there. */
const needed: Readonly<Record<string, readonly string[]>> = {
  git: ["git", "--version"],
  jq: ["jq", "--version"],
  nftables: ["nft", "--version"],
  "openssh-client": ["sh", "-c", "command -v ssh-keygen"],
  python3: ["python3", "--version"],
  "python3-venv": ["python3", "-c", "import ensurepip, venv"],
};

export const isRootOnLinux = process.platform === "linux" && process.getuid?.() === 0;

/** Throws Problem `prerequisite` when a package cannot be installed. */
export async function installTestPrograms(progress: Progress): Promise<void> {
  const packages = Object.entries(needed).flatMap(([name, argv]) => (runs(argv) ? [] : [name]));
  if (packages.length === 0) return;
  if (isRootOnLinux && existsSync("/usr/bin/apt-get")) await installMissing(packages, { progress });
  else
    progress.step(
      `missing for some tests: ${packages.join(" ")}; fix: install them, on Debian with sudo apt-get install`,
    );
}

export function runs([program = "", ...args]: readonly string[]): boolean {
  // A sbin folder is often missing in the path of those who are not root.
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  return spawnSync(program, args, { stdio: "ignore", timeout: 60_000, env }).status === 0;
}
