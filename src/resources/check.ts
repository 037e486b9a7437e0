// A read-only command whose output must hold certain lines, and the command that makes it so where there is one.
// Without such a command it is an assertion: what its needs bring about is looked at again after they have changed.
import { z } from "zod";
import { same, type Kind } from "./kind.ts";
import { RunAnswer, type Query } from "./query.ts";
import { command } from "./step.ts";

export const CheckWanted = z.strictObject({
  name: z
    .string()
    .meta({ description: "What is checked, as a sentence's subject", examples: ["sshd's effective configuration"] }),
  argv: z
    .array(z.string())
    .min(1)
    .meta({ description: "Read-only command of the probe's allow-list", examples: [["sshd", "-T"]] }),
  lines: z.array(z.string()).min(1).meta({ description: "Lines that its output must hold, in any order and case" }),
  command: z.array(z.string()).optional().meta({ description: "Command that makes it so" }),
  fix: z.string().meta({ description: "What a person can do where there is no command, or it did not help" }),
});
export type CheckWanted = z.infer<typeof CheckWanted>;

export const CheckObserved = z.strictObject({
  missing: z.array(z.string()).meta({ description: "Wanted lines that the output does not hold" }),
  instead: z.array(z.string()).meta({ description: "Lines of the output that begin with the same word" }),
});
export type CheckObserved = z.infer<typeof CheckObserved>;

const query = (wanted: CheckWanted): Query => ({ ask: "run", argv: wanted.argv });

export const check: Kind<CheckWanted, CheckObserved> = {
  kind: "check",
  purpose:
    "A read-only command whose output must hold certain lines, and the command that makes it so where there is one.",
  wanted: CheckWanted,
  observed: CheckObserved,
  ownable: false,
  absent: { missing: ["everything"], instead: [] },
  id: (wanted) => wanted.name,
  needs: () => [],

  probe: (_id, wanted) => (wanted === undefined ? [] : [query(wanted)]),
  read(_id, answers, wanted) {
    if (wanted === undefined) return { missing: [], instead: [] };
    const answer = answers(query(wanted));
    if ("unobservable" in answer) return answer;
    const { status, stdout, stderr } = RunAnswer.parse(answer);
    if (status !== 0)
      return {
        unobservable: `${wanted.argv.join(" ")} ends with ${status}: ${stderr.trim().split("\n").at(-1) ?? ""}`,
      };
    return readLines(stdout, wanted.lines);
  },

  compare(wanted, observed) {
    if (observed.missing.length === 0) return same;
    const what = `${wanted.name} lacks: ${observed.missing.join("; ")}`;
    if (wanted.command === undefined) {
      const instead = observed.instead.length === 0 ? "" : ` (it says: ${observed.instead.join("; ")})`;
      return { verdict: "refused", what: `${what}${instead}`, fix: wanted.fix };
    }
    const differences = observed.missing.map((line) => ({ path: line.split(/[ =]/)[0] ?? line, from: null, to: line }));
    return { verdict: "differs", action: "update", differences, risk: "routine" };
  },
  isPresent: () => false,

  predict: () => ({}),
  touches: () => ({}),

  tasks: (changes) =>
    changes.flatMap(({ id, wanted }) =>
      wanted?.command === undefined ? [] : [command(`make it so: ${id}`, wanted.command)],
    ),
  idempotent: (wanted) => {
    const look = {
      name: `look at ${wanted.name}`,
      module: "command",
      args: { argv: wanted.argv },
      register: "demesne_check",
      changedWhen: "false",
      checkMode: false,
    };
    const lacks = `${JSON.stringify(wanted.lines.map((line) => line.toLowerCase()))} | difference(demesne_check.stdout | lower | split('\\n')) | length > 0`;
    if (wanted.command === undefined) return [{ ...look, failedWhen: lacks }];
    return [
      look,
      { name: `make it so: ${wanted.name}`, module: "command", args: { argv: wanted.command }, when: lacks },
    ];
  },

  sentence: ({ id, wanted }) => `run ${wanted?.command?.join(" ")}, so that ${id} is as wanted`,
};

function readLines(stdout: string, wanted: readonly string[]): CheckObserved {
  const have = stdout.split("\n").map((line) => line.trim().toLowerCase());
  const missing = wanted.filter((line) => !have.includes(line.toLowerCase()));
  const words = new Set(missing.map((line) => line.toLowerCase().split(/[ =]/)[0]));
  return { missing: [...missing], instead: have.filter((line) => words.has(line.split(/[ =]/)[0])) };
}
