// One host on the page: which machine it is, each change with its sentence and its difference folded, each step literally.
import type { Plan, PlannedChange } from "./plan-file.ts";
import { html, type Markup } from "./render-html-markup.ts";
import { badge, changeId, sign } from "./render-html-risks.ts";
import { renderStages } from "./render-html-steps.ts";
import { count, groupName, isText, newLines, patchOf, plain, summaryOf } from "./words.ts";

type Host = Plan["hosts"][number];
type Difference = PlannedChange["differences"][number];

export function renderHost(host: Host, at: number): Markup {
  const roles = [...new Set(host.changes.map((each) => each.role))];
  const title = `host-${at + 1}`;
  return html`<section aria-labelledby="${title}">
    <h2 id="${title}">${host.host} <small>${summaryOf(host)}</small></h2>
    ${renderIdentity(host)} ${renderNotes(host)} ${roles.map((role) => renderRole(host, role, at))}
    ${renderStages(host)} ${renderNotRehearsed(host)}
  </section>`;
}

function renderIdentity({ os, python, machineId, hostKeys, fingerprint, resources }: Host): Markup {
  return html`<details>
    <summary>${os}, ${count(resources, "resource")} looked at: which machine this is</summary>
    <dl>
      <dt>machine-id</dt>
      <dd><code>${machineId}</code></dd>
      <dt>host keys</dt>
      <dd>${hostKeys.map((key) => html`<code>${key}</code><br />`)}</dd>
      <dt>all that was observed</dt>
      <dd><code>${fingerprint}</code></dd>
      <dt>Python there</dt>
      <dd>${python}</dd>
    </dl>
  </details>`;
}

function renderNotes({ notes = [] }: Host): Markup | undefined {
  if (notes.length === 0) return undefined;
  return html`<h3>to know <small>${count(notes.length, "note")}</small></h3>
    <ul>
      ${notes.map(({ what }) => html`<li>${what}</li>`)}
    </ul> `;
}

function renderRole(host: Host, role: string, at: number): Markup {
  const changes = host.changes.map((change, index) => ({ change, index })).filter(({ change }) => change.role === role);
  const items = changes.map(({ change, index }) => renderChange(change, changeId(at, index)));
  return html`<h3>${groupName(role)} <small>${count(changes.length, "change")}</small></h3>
    <ul class="changes">
      ${items}
    </ul> `;
}

function renderChange(change: PlannedChange, id: string): Markup {
  const texts = change.differences.filter(isText);
  // A new thing's plain fields are said by its sentence.
  const fields = change.action === "create" ? [] : change.differences.filter((each) => !isText(each));
  return html`<li id="${id}">
    ${sign(change)}${change.sentence} ${badge(change.risk)}
    ${fields.length > 0 ? html`<div class="fields">${fields.map(renderField)}</div>` : undefined}${texts.map(renderText)}
  </li> `;
}

function renderField({ path, from, to }: Difference): Markup {
  return html`<div>
    <span class="soft">${path}:</span> ${plain(from)} <span class="soft">becomes</span> ${plain(to)}
  </div>`;
}

function renderText(difference: Difference): Markup {
  const lines = newLines(difference);
  const patch = patchOf(difference);
  const changed = patch.filter((line) => /^[+-]/.test(line)).length;
  const told =
    lines === undefined
      ? `${count(changed, "changed line")} of ${difference.path}`
      : `${count(lines, "new line")} of ${difference.path}`;
  return html`<details>
    <summary>${told}</summary>
    <pre class="diff" tabindex="0">${patch.map(renderLine)}</pre>
  </details>`;
}

function renderLine(line: string): Markup {
  const kind = { "+": "add", "-": "cut", "@": "at" }[line.slice(0, 1)] ?? "same";
  return html`<span class="${kind}">${line}</span>`;
}

function renderNotRehearsed({ notRehearsed }: Host): Markup | undefined {
  if (notRehearsed.length === 0) return undefined;
  return html`<details>
    <summary>${notRehearsed.length} not rehearsed here</summary>
    <ul>
      ${notRehearsed.map(({ ref, reason }) => html`<li><code>${ref}</code>: ${reason}</li>`)}
    </ul>
  </details>`;
}
