// The real sops and age programs for interop tests, in a cache outside the repository.
// Set up once with `node test/cases/secrets/tools.ts` (needs go and npm; two minutes); tests skip by name what is not there.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { makeWhole } from "../../../scripts/whole-folder.ts";

const SOPS = { module: "github.com/getsops/sops/v3", version: "v3.13.3" };
const AGE = { module: "filippo.io/age", version: "v1.3.1" };
const SOPS_AGE = "sops-age@4.0.2";
const INSTALL_TIMEOUT_MS = 15 * 60_000;

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "demesne", "tools");

const bin = join(cache, `sops-${SOPS.version}-age-${AGE.version}`);
const FIXTURES = "sops-fixtures";
const fixtures = join(bin, FIXTURES);

export const tools = {
  sops: join(bin, "sops"),
  age: join(bin, "age"),
  ageKeygen: join(bin, "age-keygen"),
  /** SOPS's own published test files, and the PGP test key that opens them. */
  fixtures,
  /** Another reader of SOPS files, from npm. */
  sopsAge: join(bin, "node_modules", "sops-age", "dist", "index.js"),
};

/** A reason to skip, for node:test; false when the tool is there. */
export function without(...names: (keyof typeof tools)[]): string | false {
  const missing = names.filter((name) => !existsSync(tools[name]));
  if (missing.length === 0) return false;
  return `not in the cache: ${missing.join(", ")}; set up once with: node test/cases/secrets/tools.ts`;
}

function install(into: string): void {
  const env = { ...process.env, GOBIN: into, GOFLAGS: "-mod=mod -buildvcs=false" };
  const runTool = (program: string, ...args: string[]): string => {
    const options = { env, encoding: "utf8", timeout: INSTALL_TIMEOUT_MS } as const;
    const { status, stdout, stderr } = spawnSync(program, args, options);
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  runTool("go", "install", `${AGE.module}/cmd/age@${AGE.version}`, `${AGE.module}/cmd/age-keygen@${AGE.version}`);
  runTool("go", "install", `${SOPS.module}/cmd/sops@${SOPS.version}`);
  runTool("npm", "install", "--prefix", into, "--no-audit", "--no-fund", SOPS_AGE);
  // The module the registry served holds the project's functional tests too.
  const source = join(runTool("go", "env", "GOMODCACHE").trim(), `${SOPS.module}@${SOPS.version}`);
  const copies = join(into, FIXTURES);
  cpSync(join(source, "functional-tests", "res"), join(copies, "res"), { recursive: true });
  cpSync(join(source, "pgp", "sops_functional_tests_key.asc"), join(copies, "key.asc"));
  cpSync(join(source, "age", "keysource_test.go"), join(copies, "age-keysource-test.txt"));
}

if (import.meta.main) makeWhole(bin, () => without("sops", "age", "sopsAge", "fixtures") === false, install);
