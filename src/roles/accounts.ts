// Who may log in: one account for each of the estate's, with its keys and nothing else, in the group that sshd lets in.
import { idOf, resource, type Ref, type Resource } from "../resources/index.ts";
import type { RoleInput } from "./role.ts";

const ROLE = "common";
/** sshd's AllowGroups names it. */
export const LOGIN_GROUP = "demesne-login";

/** Where an account's keys stand. */
export function keysOf(name: string): Ref {
  return `file:/home/${name}/.ssh/authorized_keys`;
}

type Account = RoleInput["estate"]["accounts"][number];

export function accounts({ estate }: RoleInput): Resource[] {
  return [
    resource("group", ROLE, { name: LOGIN_GROUP }),
    ...estate.accounts.flatMap(account),
    ...sudoers(estate.accounts),
  ];
}

function account({ name, keys, sudo, adopt }: Account): Resource[] {
  const home = `/home/${name}`;
  const owned = { owner: name, group: name };
  const groups = sudo ? [LOGIN_GROUP, "sudo"] : [LOGIN_GROUP];
  return [
    resource("user", ROLE, { name, home, groups }, { adopt, risk: "connectivity" }),
    resource("directory", ROLE, { path: home, mode: "0750", ...owned }, { adopt: true }),
    resource("directory", ROLE, { path: `${home}/.ssh`, mode: "0700", ...owned }, { adopt }),
    resource(
      "file",
      ROLE,
      {
        path: idOf(keysOf(name)),
        mode: "0600",
        content: `${["# Written by Demesne.", ...keys].join("\n")}\n`,
        ...owned,
      },
      { adopt, risk: "connectivity" },
    ),
  ];
}

/** Ansible becomes root without a password; that is a stated prerequisite. */
function sudoers(all: readonly Account[]): Resource[] {
  const names = all.filter((each) => each.sudo).map((each) => each.name);
  if (names.length === 0) return [];
  const content = ["# Written by Demesne.", ...names.map((name) => `${name} ALL=(ALL:ALL) NOPASSWD: ALL`), ""].join(
    "\n",
  );
  const wanted = {
    path: "/etc/sudoers.d/61-demesne-accounts",
    mode: "0440",
    content,
    validate: ["/usr/sbin/visudo", "-cf", "%s"],
  };
  return [resource("file", ROLE, wanted, { needs: ["package:sudo"], risk: "connectivity" })];
}
