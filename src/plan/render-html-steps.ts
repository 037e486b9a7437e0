// What runs, literally: each stage, each window under the dead-man, each file's text and each program's words.
import type { Step } from "../resources/index.ts";
import type { HostPlan, Stage } from "./plan-file.ts";
import { html, type Markup } from "./render-html-markup.ts";
import { count } from "./words.ts";

export function renderStages({ stages }: HostPlan): Markup | undefined {
  const steps = stages.flatMap((each) => each.steps).length;
  if (steps === 0) return undefined;
  return html`<details>
    <summary>${count(steps, "step")}, literally, in ${count(stages.length, "stage")}</summary>
    ${stages.map(renderStage)}
  </details>`;
}

function renderStage({ window, steps }: Stage, at: number): Markup {
  const items = html`<ol class="steps">
    ${steps.map((step) => html`<li>${renderStep(step)}</li> `)}
  </ol>`;
  if (window === undefined)
    return html`<h3>Stage ${at + 1}</h3>
      ${items}`;
  return html`<div class="window">
    <h3>Stage ${at + 1}: a window for ${window.name}</h3>
    <p>
      Under the dead-man: without a proof of access by a new connection within ${window.seconds} s, the host puts back
      ${[...window.paths, ...window.units, ...window.tables.map((table) => `table ${table}`)].map((each, index) => html`${index > 0 ? ", " : ""}<code>${each}</code>`)}.
    </p>
    ${items}
  </div>`;
}

function renderStep(step: Step): Markup {
  if (step.step === "tree") return html`write ${count(step.entries.length, "path")}${step.entries.map(renderEntry)}`;
  if (step.step === "commands") return html`${step.commands.map(renderCommand)}`;
  return html`${step.task.name} <span class="soft">(ansible.builtin.${step.task.module})</span>
    <pre tabindex="0">${JSON.stringify(step.task.args, null, 2)}</pre>`;
}

function renderCommand({ name, argv }: { readonly name: string; readonly argv: readonly string[] }): Markup {
  return html`${name}
    <pre tabindex="0">${words(argv)}</pre>`;
}

type Entry = (Step & { readonly step: "tree" })["entries"][number];

function renderEntry({ path, type, mode, owner, group, content, secret }: Entry): Markup {
  const is = html`<code>${path}</code> <span class="soft">${type} ${mode} ${owner}:${group}</span>`;
  if (secret !== undefined)
    return html`<p>${is}<br />made of the secret <code>${secret.name}</code>, where <code>{}</code> stands for it:</p>
      <pre tabindex="0">${secret.template}</pre>`;
  if (type === "directory") return html`<p>${is}</p>`;
  return html`<details>
    <summary>${is}</summary>
    <pre tabindex="0">${content ?? ""}</pre>
  </details>`;
}

/** Each word of a program in quotes where a space could hide its end. */
function words(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}
