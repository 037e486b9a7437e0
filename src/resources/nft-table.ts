// One nftables table with exactly these chains and rules, and no other table touched.
// The text is in the form in which `nft list table` prints it, so wanted and observed are compared as text.
import { z } from "zod";
import { difference, same, type Kind } from "./kind.ts";
import { RunAnswer, type Query } from "./query.ts";
import { command, commandTask } from "./step.ts";

export const NftTableWanted = z.strictObject({
  family: z.enum(["inet", "ip", "ip6", "netdev"]).default("inet").meta({ description: "nftables address family" }),
  name: z
    .string()
    .regex(/^\w+$/)
    .meta({ description: "Table name", examples: ["demesne"] }),
  rules: z.string().meta({ description: "The table as `nft list table` prints it, without counters and handles" }),
  path: z.string().startsWith("/").meta({ description: "File from which a boot loads the same table" }),
});
export type NftTableWanted = z.infer<typeof NftTableWanted>;

export const NftTableObserved = z.strictObject({
  rules: z
    .string()
    .meta({ description: "The listing, white space and counters normalised; empty when there is no such table" }),
});
export type NftTableObserved = z.infer<typeof NftTableObserved>;

const list = (id: string): Query => ({ ask: "run", argv: ["nft", "--stateless", "list", "table", ...id.split(" ")] });

export const nftTable: Kind<NftTableWanted, NftTableObserved> = {
  kind: "nft-table",
  purpose: "One nftables table with exactly these chains and rules; no other table is touched.",
  wanted: NftTableWanted,
  observed: NftTableObserved,
  ownable: true,
  removalRisk: "connectivity",
  absent: { rules: "" },
  id: (wanted) => `${wanted.family} ${wanted.name}`,
  needs: (wanted) => ["package:nftables", `file:${wanted.path}`],

  probe: (id) => [list(id)],
  read(id, answers) {
    const answer = answers(list(id));
    if ("unobservable" in answer) return answer;
    const { status, stdout, stderr } = RunAnswer.parse(answer);
    if (status === 0) return { rules: normaliseRules(stdout) };
    if (/No such file or directory/.test(stderr)) return { rules: "" };
    return { unobservable: `nft cannot list the table: ${stderr.trim().split("\n")[0] ?? ""}` };
  },

  compare(wanted, observed) {
    const rules = normaliseRules(wanted.rules);
    const differences = difference("rules", observed.rules === "" ? null : observed.rules, rules);
    if (differences.length === 0) return same;
    return {
      verdict: "differs",
      action: observed.rules === "" ? "create" : "update",
      differences,
      risk: "connectivity",
    };
  },
  isPresent: (observed) => observed.rules !== "",

  predict: () => ({}),
  touches: (change) => ({ tables: [change.id] }),

  tasks: (changes) =>
    changes.map((change) =>
      change.wanted === undefined
        ? command(`remove the table ${change.id}`, ["nft", "delete", "table", ...change.id.split(" ")])
        : command(`load the table ${change.id}`, ["nft", "--file", change.wanted.path]),
    ),
  idempotent: (wanted) => {
    const id = nftTable.id(wanted);
    const variable = `demesne_nft_${wanted.name}`;
    const look = commandTask(`look at the table ${id}`, ["nft", "--stateless", "list", "table", ...id.split(" ")]);
    const load = commandTask(`load the table ${id}`, ["nft", "--file", wanted.path]);
    // The same normalisation as below, in Jinja's words.
    const listed = [
      `${variable}.stdout | default('')`,
      "regex_replace(' burst 5 packets', '')",
      "regex_replace('l4proto 6 ', 'l4proto tcp ')",
      "regex_replace('l4proto 17 ', 'l4proto udp ')",
      "trim",
    ].join(" | ");
    return [
      { ...look, register: variable, changedWhen: "false", failedWhen: "false", checkMode: false },
      { ...load, when: `${listed} != ${JSON.stringify(wanted.rules.trim())}` },
    ];
  },

  sentence(change) {
    if (change.action === "remove") return `remove the firewall table ${change.id}`;
    return `${change.action === "create" ? "load" : "replace"} the firewall table ${change.id}`;
  },
};

/** Counts, and the default burst that nft 1.0 leaves out and 1.1 prints. */
const NOISE = / (?:packets \d+ bytes \d+|burst 5 packets)\b/g;
/** Where a host has no /etc/protocols, nft prints the number. */
const PROTOCOLS: Readonly<Record<string, string>> = { "6": "tcp", "17": "udp" };

/** Leading and trailing white space, counts and blank lines carry no meaning. */
function normaliseRules(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim().replaceAll(NOISE, ""))
    .map((line) => line.replaceAll(/\bl4proto (6|17)\b/g, (_, number: string) => `l4proto ${PROTOCOLS[number]}`))
    .filter((line) => line !== "")
    .join("\n");
}
