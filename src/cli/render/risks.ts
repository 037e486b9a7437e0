// What may go wrong with a plan, before its long text: every change that is more than routine, the gravest first.
import type { Plan } from "../../plan/index.ts";
import type { painter } from "./paint.ts";

type Risk = Plan["hosts"][number]["changes"][number]["risk"];

const GRAVEST_FIRST: readonly Risk[] = ["reboot", "data-loss", "connectivity", "restart", "routine"];
const LOUD: ReadonlySet<Risk> = new Set(["reboot", "data-loss", "connectivity"]);

export function renderRisks({ hosts }: Plan, paint: ReturnType<typeof painter>): string {
  const all = hosts.flatMap(({ host, changes }) => changes.map((change) => ({ host, ...change })));
  const lines = GRAVEST_FIRST.flatMap((risk) => {
    const held = all.filter((each) => each.risk === risk);
    if (held.length === 0) return [];
    const head = `  ${paint(LOUD.has(risk) ? "red" : "yellow", risk)}  ${held.length}`;
    if (risk === "routine") return [`  routine  ${held.length}, told below`];
    return [head, ...held.map(({ host, sentence }) => `    ${plainly(sentence)}, on ${plainly(host)}`)];
  });
  return [paint("bold", "Risk"), ...(lines.length === 0 ? ["  nothing changes"] : lines), "", ""].join("\n");
}

/** What stands in a plan may not steer the terminal. */
function plainly(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu, "?");
}
