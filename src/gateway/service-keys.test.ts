import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Keyring, KeySettings, VirtualKey } from "./keyring.ts";
import { keepServiceKeys } from "./service-keys.ts";

const folder = await mkdtemp(join(tmpdir(), "service-keys-"));
after(async () => await rm(folder, { recursive: true }));

/** A keyring in memory: its hash of a key is the key. */
function memory(): { readonly keyring: Keyring; readonly rows: Map<string, Partial<VirtualKey>> } {
  const rows = new Map<string, Partial<VirtualKey>>();
  const keyring = {
    find: (key: string) => rows.get(key),
    list: () => [...rows.values()],
    remove: async (row: VirtualKey) => void rows.delete(row.hash),
    change: async (row: VirtualKey, settingsOf: (row: VirtualKey) => Partial<KeySettings>) =>
      void rows.set(row.hash, { ...row, ...settingsOf(row) }),
    issue: async (settings: KeySettings, _allowance: object, key: string) =>
      void rows.set(key, { ...settings, hash: key }),
  };
  // Only what is used of the class is there.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { keyring: keyring as unknown as Keyring, rows };
}

async function keyFile(name: string, key: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  return file;
}

test("a service's key is known, follows its file, and goes with the service", async () => {
  const { keyring, rows } = memory();
  rows.set("sk-issued", { hash: "sk-issued", alias: "a person" });
  const file = await keyFile("chat", "sk-first-key-of-the-chat-service");
  await keepServiceKeys(keyring, { "chat/ui": { keyFile: file, models: ["small"] } });
  assert.deepEqual(rows.get("sk-first-key-of-the-chat-service")?.models, ["small"]);

  await keyFile("chat", "sk-second-key-of-the-chat-service");
  await keepServiceKeys(keyring, { "chat/ui": { keyFile: file, models: ["small", "large"] } });
  assert.deepEqual([...rows.keys()].sort(), ["sk-issued", "sk-second-key-of-the-chat-service"]);
  await keepServiceKeys(keyring, { "chat/ui": { keyFile: file, models: ["large"] } });
  assert.deepEqual(rows.get("sk-second-key-of-the-chat-service")?.models, ["large"]);

  await keepServiceKeys(keyring, {});
  assert.deepEqual([...rows.keys()], ["sk-issued"]);
});
