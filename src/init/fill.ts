// Puts answers into the template's texts. An answered line loses its mark; an unanswered one keeps example and mark. Pure.
import type { Answers } from "./answers.ts";

/** Text of each file by its path in the estate. */
export type Texts = ReadonlyMap<string, string>;

export type Filling = {
  readonly answers: Answers;
  /** Who may open the secrets. */
  readonly recipient: string;
  /** The last day of the waivers. */
  readonly until: string;
};

/** Every line of `file` that begins with `line` becomes `text`; there is at least one. */
type Edit = { readonly file: string; readonly line: string; readonly text: string };

const ESTATE = "estate.yaml";
const HOSTS = "inventory/hosts.yaml";
/** Finds names in free text; without it none of it leaves for a hosted model. */
const ANALYSER = "services/presidio/service.yaml";
/** The service that is the model under the profile airgapped. */
const MODEL = "services/vllm/service.yaml";
const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE7U2fx";
const WITHOUT_ADDRESS6 = "    # address6: 2001:db8:10::10 # [question: its IPv6 address, if it has one]";
const EXAMPLE = { name: "estate", user: "ops", address: "192.0.2.10", until: "2027-11-30" };
const EXAMPLES = /\b(?:estate|harbour)\.example\b|\b2027-11-30\b|\b192\.0\.2\.10\b|\bops@/g;

/** Every file of the estate. Throws TypeError when the template has not the line that an answer belongs into. */
export function fill(template: Texts, filling: Filling): Texts {
  const { answers, recipient, until } = filling;
  const texts = new Map([...template].map(([file, text]) => [file, throughout(text, answers, until)]));
  for (const edit of edits(answers, recipient)) {
    texts.set(edit.file, replaceLine(texts.get(edit.file) ?? "", edit));
  }
  return texts;
}

/** What stands in several files; in one pass, so that no answer is taken for an example. */
function throughout(text: string, { name, domain, user, address }: Answers, until: string): string {
  return text.replaceAll(EXAMPLES, (found) => {
    if (found.endsWith(".example")) return domain ?? `${name}.example`;
    if (found === EXAMPLE.until) return until;
    return found === EXAMPLE.address ? (address ?? found) : `${user}@`;
  });
}

function edits(answers: Answers, recipient: string): readonly Edit[] {
  const { name, profile, os, user } = answers;
  return [
    { file: ".sops.yaml", line: "      - RECIPIENT", text: `      - ${recipient}` },
    { file: "README.md", line: "# The estate", text: `# The estate ${name}` },
    { file: ESTATE, line: `name: ${EXAMPLE.name}`, text: `name: ${name}` },
    { file: ESTATE, line: "profile: cloud", text: `profile: ${profile}` },
    { file: ESTATE, line: `  ${EXAMPLE.user}:`, text: `  ${user}:` },
    { file: HOSTS, line: "    os: debian-13", text: `    os: ${os}` },
    { file: HOSTS, line: `    user: ${EXAMPLE.user}`, text: `    user: ${user}` },
    { file: ANALYSER, line: "state: dormant", text: "state: live" },
    { file: MODEL, line: "  - { name: api, container: 8000 }", text: modelPort(answers.address ?? EXAMPLE.address) },
    ...(profile === "cloud" ? [] : airgapped),
    ...answered(answers),
  ];
}

/** The model is on another host than the gateway, so its port is published there and open to the gateway's host alone. */
function modelPort(control: string): string {
  return [
    "  - name: api",
    "    container: 8000",
    "    publish: { address: 192.0.2.20, port: 8000 }",
    `    open: { from: [${control}/32], note: the gateway on control }`,
  ].join("\n");
}

/** The local model answers, so it and its host are live. */
const airgapped: readonly Edit[] = [
  { file: HOSTS, line: "    state: dormant", text: "    state: live" },
  { file: MODEL, line: "state: dormant", text: "state: live" },
];

/** Lines that hold an example until somebody has said what belongs there. */
function answered({ domain, address, publicKey, hostKey, from }: Answers): readonly Edit[] {
  return [
    ...(domain === undefined ? [] : [{ file: ESTATE, line: "contacts:", text: "contacts:" }]),
    ...(publicKey === undefined ? [] : [{ file: ESTATE, line: "      - ssh-ed25519 ", text: `      - ${publicKey}` }]),
    ...(hostKey === undefined ? [] : [{ file: HOSTS, line: `      - ${HOST_KEY}`, text: `      - ${hostKey}` }]),
    ...(from === undefined
      ? []
      : [{ file: HOSTS, line: '        from: [203.0.113.0/24, "2001', text: `        from: [${from}]` }]),
    ...(address === undefined
      ? []
      : [
          { file: HOSTS, line: `    address: ${address} #`, text: `    address: ${address}` },
          { file: HOSTS, line: "    address6: 2001:db8:10::10", text: WITHOUT_ADDRESS6 },
        ]),
  ];
}

function replaceLine(text: string, { file, line, text: by }: Edit): string {
  const lines = text.split("\n");
  if (!lines.some((each) => each.startsWith(line))) throw new TypeError(`${file} of the template has no line: ${line}`);
  return lines.map((each) => (each.startsWith(line) ? by : each)).join("\n");
}
