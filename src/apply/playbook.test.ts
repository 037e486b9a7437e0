// What a plan becomes when it is printed: the notes first, every file whole before it is in its place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import type { HostPlan } from "../plan/index.ts";
import type { Step } from "../resources/index.ts";
import { printPlaybooks } from "./playbook.ts";

const Play = z.tuple([z.looseObject({ tasks: z.array(z.record(z.string(), z.unknown())) })]);

function planOf(steps: Step[]): HostPlan {
  const owned = { before: [], during: [], after: [] };
  const about = { host: "control", machineId: "0", os: "debian-13", python: "3.13.5", fingerprint: "sha256:00" };
  const found = { resources: 0, changes: [], refusals: [], waiting: [], notRehearsed: [] };
  return { ...about, ...found, owned, history: '{"nonce":"0"}\n', stages: [{ steps }] };
}

function printed(...steps: Step[]) {
  const [{ text, trees, tasks } = assert.fail(), ...more] = printPlaybooks(planOf(steps));
  assert.equal(more.length, 0);
  const [play] = Play.parse(parse(text));
  assert.deepEqual(
    play.tasks.map((task) => task["name"]),
    tasks,
  );
  return {
    trees,
    tasks: play.tasks.map((task) => task["ansible.builtin.command"]),
  };
}

const root = { owner: "root", group: "root" };
const file = (path: string) => ({ path, type: "file" as const, mode: "0644", content: "x\n", ...root });
const directory = (path: string) => ({ path, type: "directory" as const, mode: "0755", ...root });
const tree = (...entries: (ReturnType<typeof file> | ReturnType<typeof directory>)[]): Step => ({
  step: "tree",
  entries,
});
const reload: Step = { step: "commands", commands: [{ name: "reload", argv: ["systemctl", "daemon-reload"] }] };

test("notes what it will do before anything is in its place", () => {
  const { trees, tasks } = printed(tree(directory("/etc/a"), file("/etc/a/b")));
  assert.deepEqual(
    trees.map(({ entries }) => entries.map((each) => each.path)),
    [
      ["/var/lib/demesne", "/var/lib/demesne/applied.jsonl.demesne-new", "/var/lib/demesne/owned.json.demesne-new"],
      ["/etc/a", "/etc/a/b.demesne-new"],
    ],
  );
  assert.equal(tasks.length, 2);
  assert.match(JSON.stringify(tasks[0]), /tar --extract.*mv -fT.*owned\.json/);
});

test("unpacks files with its notes where no directory has to be made first, and renames the notes before them", () => {
  const { trees, tasks } = printed(tree(file("/etc/motd")));
  assert.equal(trees.length, 1);
  assert.equal(tasks.length, 1);
  const script = JSON.stringify(tasks[0]);
  assert.ok(script.indexOf("owned.json") < script.indexOf("/etc/motd"));
});

test("unpacks, renames and runs what follows as one task", () => {
  const { tasks } = printed(tree(file("/etc/motd")), reload, reload);
  assert.equal(tasks.length, 1);
  assert.match(JSON.stringify(tasks[0]), /tar --extract.*mv -fT.*daemon-reload.*daemon-reload/);
});

test("keeps what follows a secret in a task of its own, so that it is heard when it fails", () => {
  const secret = { ...file("/etc/key"), secret: { name: "key", template: "%s" } };
  const { tasks } = printed(tree(secret), reload);
  assert.equal(tasks.length, 2);
  assert.doesNotMatch(JSON.stringify(tasks[0]), /daemon-reload/);
});

test("makes directories where they stand", () => {
  const { trees, tasks } = printed(tree(directory("/srv/a")));
  assert.deepEqual(
    trees[1]?.entries.map((each) => each.path),
    ["/srv/a"],
  );
  assert.equal(tasks.length, 2);
});
