import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLdd } from "./node-runtime.ts";

test("ldd's listing names files, not the kernel's own library", () => {
  const listing = [
    "\tlinux-vdso.so.1 (0x00007fc5ceddc000)",
    "\tlibatomic.so.1 => /lib/x86_64-linux-gnu/libatomic.so.1 (0x00007fc5cedc1000)",
    "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fc5ce81e000)",
    "\tlibgone.so.1 => not found",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007fc5cedde000)",
    "",
  ].join("\n");
  assert.deepEqual(parseLdd(listing), [
    "/lib/x86_64-linux-gnu/libatomic.so.1",
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/ld-linux-x86-64.so.2",
  ]);
});
