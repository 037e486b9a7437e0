import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { aptSourcesText } from "./apt-sources-text.ts";
import { findArchive, machineSources } from "./mirror.ts";
import { releases } from "./releases.ts";

const folder = mkdtempSync(join(tmpdir(), "demesne-apt-"));
after(() => rmSync(folder, { recursive: true }));

const carries = (...uris: string[]) => {
  const known = new Set(uris);
  return (uri: string) => Promise.resolve(known.has(uri));
};
const source = (uri: string, signedBy?: string) => ({ uri, suites: [], components: [], signedBy });

test("the machine's files are read, and the mirror lists they point to", () => {
  mkdirSync(join(folder, "sources.list.d"));
  const list = join(folder, "mirrors.list");
  writeFileSync(list, "# a comment\nhttp://near.example/debian/\tpriority:1\nhttp://far.example/debian\n");
  writeFileSync(join(folder, "sources.list"), "deb http://plain.example/debian trixie main\n");
  const stanza = `Types: deb\nURIs: mirror+file://${list} mirror+file:///nowhere\nSuites: trixie\nComponents: main\n`;
  writeFileSync(join(folder, "sources.list.d", "a.sources"), stanza);
  const uris = machineSources(folder).map(({ uri }) => uri);
  assert.deepEqual(uris, ["http://plain.example/debian", "http://near.example/debian", "http://far.example/debian"]);
});

test("the archive is the first mirror that carries the release, another one its security updates", async () => {
  const sources = [
    source("http://tools.example/apt"),
    source("https://a.example/debian", "/k.gpg"),
    source("http://a.example/sec"),
  ];
  const reach = carries(
    "https://a.example/debian/dists/trixie/InRelease",
    "http://a.example/sec/dists/trixie-security/InRelease",
  );
  const archive = await findArchive(releases["debian-13"], sources, reach);
  assert.deepEqual(archive, { main: "https://a.example/debian", security: "http://a.example/sec", signedBy: "/k.gpg" });
  assert.equal(await findArchive(releases["ubuntu-24.04"], sources, reach), undefined);
});

test("a twin's sources are its release's own suites, over http so that the proxy can keep them", () => {
  const archive = { main: "https://a.example/debian", security: "http://a.example/sec" };
  const text = aptSourcesText(releases["debian-12"], archive, "/k.gpg");
  assert.match(text, /^URIs: http:\/\/a\.example\/debian\nSuites: bookworm bookworm-updates\n/m);
  assert.match(
    text,
    /^URIs: http:\/\/a\.example\/sec\nSuites: bookworm-security\nComponents: main\nSigned-By: \/k\.gpg\n/m,
  );
});
