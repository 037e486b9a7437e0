import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { subnetOf } from "./addresses.ts";
import { furnish } from "./furnish.ts";

const skip = process.getuid?.() === 0 ? false : "owners can be set by root only";

describe("a twin's own files", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "demesne-furnish-"));
  const [base, upper] = [join(folder, "base"), join(folder, "upper")];
  after(() => rmSync(folder, { recursive: true }));
  const files: Record<string, string> = {
    "etc/passwd": "root:x:0:0::/root:/bin/bash\n",
    "etc/group": "root:x:0:\n",
    "etc/shadow": "root:*:1::::::\n",
    "etc/gshadow": "root:*::\n",
    "etc/subuid": "",
    "etc/subgid": "",
    "etc/skel/.bashrc": "# rc\n",
    "etc/skel/.profile": "# profile\n",
    "etc/skel/.bash_logout": "# out\n",
    "etc/sudoers.d/README": "",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true, mode: path.includes("sudoers") ? 0o750 : 0o755 });
    writeFileSync(join(base, path), text);
  }
  const key = join(folder, "ssh_host_ed25519_key");
  writeFileSync(key, "private");
  writeFileSync(`${key}.pub`, "public");
  mkdirSync(upper);
  furnish({
    base,
    upper,
    hostname: "control",
    user: "ops",
    machineId: "0".repeat(32),
    subnet: subnetOf(4),
    hostKeys: [key, `${key}.pub`],
    publicKey: "ssh-ed25519 AAAA",
    aptProxy: "http://198.18.5.1:3142",
  });
  const text = (path: string) => readFileSync(join(upper, path), "utf8");
  const mode = (path: string) => (statSync(join(upper, path)).mode & 0o7777).toString(8);

  test("the user is there with a locked password, the login key and sudo", () => {
    assert.equal(text("etc/passwd"), "root:x:0:0::/root:/bin/bash\nops:x:1000:1000::/home/ops:/bin/bash\n");
    assert.match(text("etc/shadow"), /^ops:!:/m);
    assert.equal(text("home/ops/.ssh/authorized_keys"), "ssh-ed25519 AAAA\n");
    assert.equal(text("etc/sudoers.d/90-cloud-init-users"), "ops ALL=(ALL) NOPASSWD:ALL\n");
    assert.equal(statSync(join(upper, "home/ops/.ssh")).uid, 1000);
    const modes = ["etc/shadow", "home/ops/.ssh", "home/ops/.ssh/authorized_keys", "etc/sudoers.d"].map(mode);
    assert.deepEqual(modes, ["640", "700", "600", "750"]);
  });

  test("secrets of the host are its root's alone", () => {
    assert.equal(mode("etc/ssh/ssh_host_ed25519_key"), "600");
    assert.equal(mode("etc/ssh/ssh_host_ed25519_key.pub"), "644");
  });

  test("names, network and apt are this twin's", () => {
    assert.equal(text("etc/hostname"), "control\n");
    assert.match(text("etc/hosts"), /^127\.0\.1\.1 control$/m);
    assert.match(text("etc/systemd/network/10-demesne-lab.network"), /^Address=198\.18\.5\.2\/24$/m);
    assert.equal(text("etc/apt/apt.conf.d/90demesne-lab"), 'Acquire::http::Proxy "http://198.18.5.1:3142";\n');
    assert.equal(readlinkSync(join(upper, "etc/systemd/system/systemd-modules-load.service")), "/dev/null");
  });
});
