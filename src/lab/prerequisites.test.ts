import assert from "node:assert/strict";
import { test } from "node:test";
import { missingPackages, requireRoom, requireRootOnLinux } from "./prerequisites.ts";

test("another system than Linux is told what is needed", () => {
  assert.throws(() => requireRootOnLinux("darwin", 0), { code: "prerequisite", message: /need Linux.*darwin/ });
});

test("another user than root is told to use sudo", () => {
  assert.throws(() => requireRootOnLinux("linux", 1000), { code: "prerequisite", fix: /sudo/ });
  assert.throws(() => requireRootOnLinux("linux", undefined), { code: "prerequisite" });
  requireRootOnLinux("linux", 0);
});

test("each missing program names its Debian package", () => {
  assert.deepEqual(
    missingPackages(() => true),
    [],
  );
  assert.deepEqual(
    missingPackages((file) => file !== "/usr/sbin/debootstrap"),
    ["debootstrap"],
  );
  assert.deepEqual(
    missingPackages((file) => file !== "/usr/sbin/ip"),
    [],
    "ip may lie in one of three places",
  );
  assert.equal(missingPackages(() => false).length, 7);
});

test("a folder without room is told, with its free space", () => {
  requireRoom("/tmp");
  assert.throws(() => requireRoom("/sys"), { code: "prerequisite", what: /0 MiB are free/ });
});
