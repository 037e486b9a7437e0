// What an estate wants, as the variables of a hand-written playbook. Values only: nothing here knows what is there.
import type { SecretStore } from "../../../src/cli/secret-store.ts";
import { FileWanted } from "../../../src/resources/file.ts";
import { DirectoryWanted } from "../../../src/resources/directory.ts";
import { GroupWanted } from "../../../src/resources/group.ts";
import { ImageWanted } from "../../../src/resources/image.ts";
import { NetworkWanted } from "../../../src/resources/network.ts";
import { NftTableWanted } from "../../../src/resources/nft-table.ts";
import { PackageWanted } from "../../../src/resources/package.ts";
import { StackWanted } from "../../../src/resources/stack.ts";
import { SysctlWanted } from "../../../src/resources/sysctl.ts";
import { UnitWanted } from "../../../src/resources/unit-shape.ts";
import { UserWanted } from "../../../src/resources/user.ts";
import type { Resource } from "../../../src/resources/index.ts";
import type { z } from "zod";

/** Kinds that the oracle has nothing for, each with its reason. At most two. */
export const excepted = {
  check: "an assertion on a command's output; where it has a command, that command is its own oracle",
} as const;

export function oracleVariables(all: readonly Resource[], secrets: SecretStore, kinds?: readonly string[]) {
  const resources = all.filter((each) => kinds === undefined || kinds.includes(each.kind));
  const of = <S extends z.ZodType>(kind: string, schema: S): { wanted: z.infer<S>; resource: Resource }[] =>
    resources
      .filter((each) => each.kind === kind)
      .map((resource) => ({ wanted: schema.parse(resource.wanted), resource }));
  const packages = of("package", PackageWanted);
  const files = of("file", FileWanted).map(({ wanted: { secret, content, path, mode, owner, group } }) => {
    const text =
      secret === undefined
        ? content
        : (secret.template ?? "{}").replace("{}", () => secrets.open(secret.name).unwrap());
    return { path, mode, owner, group, content: text };
  });
  const units = of("unit", UnitWanted);
  return {
    installed: packages.filter(({ wanted }) => wanted.state === "installed").map(({ wanted }) => wanted.name),
    unwanted: packages.filter(({ wanted }) => wanted.state === "absent").map(({ wanted }) => wanted.name),
    groups: of("group", GroupWanted).map(({ wanted }) => wanted),
    users: of("user", UserWanted).map(({ wanted }) => wanted),
    directories: of("directory", DirectoryWanted).map(({ wanted }) => wanted),
    files,
    logins: files.flatMap(({ path, content }) => keysOf(path, content ?? "")),
    sysctls: of("sysctl", SysctlWanted).map(({ wanted }) => wanted),
    tables: of("nft-table", NftTableWanted).map(({ wanted }) => wanted),
    units: units.filter(({ wanted }) => wanted.conflict === undefined).map(({ wanted }) => unitState(wanted)),
    configured: units.flatMap(({ wanted: { name, config }, resource }) =>
      config === undefined ? [] : [{ name, config, files: pathsOf(resource) }],
    ),
    images: of("image", ImageWanted).map(({ wanted }) => wanted.image),
    networks: of("network", NetworkWanted).map(({ wanted }) => wanted),
    stacks: of("stack", StackWanted).map(({ wanted: { name, file }, resource }) => ({
      name,
      folder: file.slice(0, file.lastIndexOf("/")),
      files: pathsOf(resource),
    })),
  };
}

function unitState({ name, enabled, active, masked }: z.infer<typeof UnitWanted>) {
  if (masked === true) return { name, masked };
  return {
    name,
    ...(enabled === undefined ? {} : { enabled }),
    ...(active === undefined ? {} : { state: active ? "started" : "stopped" }),
  };
}

function keysOf(path: string, content: string): { readonly user: string; readonly key: string }[] {
  const user = /^\/home\/([^/]+)\/\.ssh\/authorized_keys$/.exec(path)?.[1];
  const keys = content.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return user === undefined ? [] : keys.map((key) => ({ user, key }));
}

function pathsOf({ needs }: Resource): string[] {
  return needs.filter((ref) => ref.startsWith("file:")).map((ref) => ref.slice("file:".length));
}
