// Asks a newcomer, one line a question, each with its default; an answer that does not fit is asked for again.
import { createInterface } from "node:readline/promises";
import { Answers } from "../init/index.ts";
import { Problem } from "../lib/problem.ts";

type Key = keyof Answers;

/** In this order; what an empty answer means, where it is no value. */
const QUESTIONS: readonly (readonly [Key, string])[] = [
  ["name", ""],
  ["profile", ""],
  ["domain", "NAME.example, to be replaced"],
  ["address", "an example, to be replaced"],
  ["os", ""],
  ["user", ""],
  ["hostKey", "an example, to be replaced"],
  ["from", "an example, to be replaced"],
  ["publicKey", "an example, to be replaced"],
];

/** Every answer; `given` ones are not asked. Throws Problem `interrupted` when nobody answers any more. */
export async function askAll(
  known: Readonly<Record<string, string>>,
  given: readonly string[],
  signal: AbortSignal,
): Promise<Answers> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr, signal });
  // Lines that were typed ahead wait here; a question would lose them.
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    terminal.setPrompt(question);
    terminal.prompt();
    const line = await lines.next();
    signal.throwIfAborted();
    if (line.done === true) throw noAnswer();
    return line.value;
  };
  const answers: Record<string, string> = { ...known };
  try {
    for (const [key, example] of QUESTIONS) {
      if (given.includes(key)) continue;
      const answer = await askOne(key, known[key] ?? "", example, ask);
      if (answer !== undefined) answers[key] = answer;
    }
    return Answers.parse(answers);
  } finally {
    terminal.close();
  }
}

async function askOne(
  key: Key,
  known: string,
  example: string,
  ask: (question: string) => Promise<string>,
): Promise<string | undefined> {
  const schema = Answers.shape[key];
  const empty = schema.safeParse(undefined);
  const value = known || (empty.success ? (empty.data ?? "") : "");
  const hint = value === "" ? example : shortened(value);
  for (let problem = ""; ;) {
    const answer = (await ask(`${problem}${schema.meta()?.description ?? key} [${hint}]: `)).trim() || value;
    if (answer === "") return undefined;
    const checked = schema.safeParse(answer);
    if (checked.success) return checked.data;
    problem = `${checked.error.issues[0]?.message ?? "should be something else"}\n`;
  }
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

function noAnswer(): Problem {
  return new Problem({
    code: "interrupted",
    where: "demesne init",
    what: "nobody answers any more; nothing was written",
    fix: "run it again, or ask nothing: demesne init DIR --yes",
  });
}
