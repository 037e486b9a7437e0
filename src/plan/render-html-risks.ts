// What may go wrong, before anything else: each risk that the plan holds, and every change that has more than a routine one.
import { risks, type Risk } from "../resources/index.ts";
import { needInWords } from "./approval-needs.ts";
import type { Plan } from "./plan-file.ts";
import { html, type Markup } from "./render-html-markup.ts";
import { signOf } from "./words.ts";

const MEANS: Readonly<Record<Risk, string>> = {
  routine: "can be made at any time",
  restart: "a service is restarted",
  connectivity: "access could be lost; a dead-man puts it back",
  "data-loss": "what is removed does not come back",
  reboot: "the host has to be rebooted",
};

/** How loud a risk is shown; nothing for what is routine. */
function gravity(risk: Risk): "grave" | "mild" | undefined {
  if (risk === "routine") return undefined;
  return risk === "restart" ? "mild" : "grave";
}

export function badge(risk: Risk): Markup | undefined {
  const loud = gravity(risk);
  return loud === undefined ? undefined : html`<span class="badge ${loud}">${risk}</span>`;
}

/** The place of a change on the page. */
export function changeId(host: number, change: number): string {
  return `change-${host + 1}-${change + 1}`;
}

export function renderRisks(plan: Plan): Markup {
  const all = plan.hosts.flatMap((host, at) =>
    host.changes.map((change, index) => ({ host: host.host, id: changeId(at, index), change })),
  );
  const held = risks.filter((risk) => all.some(({ change }) => change.risk === risk)).toReversed();
  const grave = held.filter((risk) => risk !== "routine");
  const listed = grave.flatMap((risk) => all.filter(({ change }) => change.risk === risk));
  if (all.length === 0)
    return html`<section aria-labelledby="risk">
      <h2 id="risk">Risk</h2>
      <p>Nothing to do.</p>
    </section>`;
  return html`<section aria-labelledby="risk">
    <h2 id="risk">Risk</h2>
    <ul class="risks">
      ${held.map((risk) => card(plan, risk, all.filter(({ change }) => change.risk === risk).length))}
    </ul>
    ${
      listed.length > 0
        ? html`<ul class="changes">
            ${listed.map(line)}
          </ul>`
        : undefined
    }
  </section>`;
}

function card({ approval }: Plan, risk: Risk, number: number): Markup {
  const need = approval?.needs.find((each) => each.risk === risk);
  const asked = need === undefined ? undefined : html`<span class="asked">needs ${needInWords(need)}</span>`;
  return html`<li class="${gravity(risk) ?? "none"}"><b>${number} ${risk}</b><span>${MEANS[risk]}</span>${asked}</li>`;
}

type Line = { readonly host: string; readonly id: string; readonly change: Plan["hosts"][number]["changes"][number] };

function line({ host, id, change }: Line): Markup {
  return html`<li>
    ${sign(change)}<a href="#${id}">${change.sentence}</a> <span class="soft">on ${host}</span> ${badge(change.risk)}
  </li>`;
}

const NAMES = { "+": ["add", "made"], "~": ["edit", "changed"], "-": ["cut", "removed"] } as const;

export function sign(change: Line["change"]): Markup {
  const shown = signOf(change);
  const [name, word] = NAMES[shown];
  return html`<span class="sign ${name}" role="img" aria-label="${word}">${shown}</span>`;
}
