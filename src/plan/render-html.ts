// A plan as one page to be reviewed: nothing is fetched, nothing is run, the gravest risk first. The same plan gives the same
// page, to the byte. What is signed is the plan's file, and the page says so.
import { canonicalJson } from "../lib/canonical-json.ts";
import { digest } from "../lib/digest.ts";
import { needInWords } from "./approval-needs.ts";
import { harmless } from "./harmless.ts";
import type { Plan } from "./plan-file.ts";
import { renderHost } from "./render-html-host.ts";
import { html, type Markup } from "./render-html-markup.ts";
import { badge, renderRisks } from "./render-html-risks.ts";
import { STYLE } from "./render-html-style.ts";
import { count } from "./words.ts";

export type HtmlOptions = {
  /** What an approval's signature is made for, as ssh-keygen is told it. */
  readonly namespace: string;
};

/** No script, no request, no form, no frame; the one style is known by its digest, so nothing may stand around it. */
const POLICY = `default-src 'none'; style-src 'sha256-${base64Digest(STYLE)}'; base-uri 'none'; form-action 'none'`;

/** The page's text. Every value of the plan is escaped in it. */
export function renderHtml(plan: Plan, options: HtmlOptions): string {
  const shown = harmless(plan);
  const { estate, hosts } = shown;
  const { markup } = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
      <meta name="referrer" content="no-referrer" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>Plan for ${estate.name}: ${hosts.map((each) => each.host).join(", ")}</title>
      ${{ markup: `<style>${STYLE}</style>` }}
    </head>
    <body>
      <header>
        <h1>Plan for ${estate.name}</h1>
        <p class="soft">${whatOf(shown)}, profile ${estate.profile}</p>
        <p class="soft">made by ${authorOf(shown)} on ${moment(shown.created)}</p>
        ${renderWarning(shown)}
      </header>
      <main>
        ${renderRisks(shown)} ${renderStops(shown)} ${renderCover(shown, digest(canonicalJson(plan)), options)}
        ${hosts.map((host, at) => renderHost(host, at))}
      </main>
      <footer>
        <p>
          Written by Demesne ${shown.tool} from the saved plan. This page is for reading: what is approved and applied
          is the plan’s file. Characters that could steer a screen are spelled out as \\u{…}. Secrets stand here by
          their names only.
        </p>
      </footer>
    </body>
  </html> `;
  return `<!doctype html>\n${markup}`;
}

function whatOf({ hosts, role }: Plan): string {
  const changes = hosts.reduce((sum, host) => sum + host.changes.length, 0);
  const only = role === undefined ? "" : `, the role ${role} only`;
  return `${count(changes, "change")} on ${count(hosts.length, "host")}${only}`;
}

function authorOf({ author }: Plan): string {
  return author.principal === undefined ? author.name : `${author.principal} (${author.name})`;
}

/** `2026-11-22 12:00 UTC` */
function moment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

function renderWarning({ hosts }: Plan): Markup | undefined {
  const refusals = hosts.reduce((sum, host) => sum + host.refusals.length, 0);
  if (refusals === 0) return undefined;
  return html`<p class="card stop">
    <b>This plan will not be applied:</b> it holds <a href="#refused">${count(refusals, "refusal")}</a>.
  </p>`;
}

/** What keeps the plan from being applied, or from being known whole. */
function renderStops({ hosts }: Plan): Markup {
  const refusals = hosts.flatMap((host) => host.refusals.map((each) => ({ host: host.host, ...each })));
  const waiting = hosts.flatMap((host) => host.waiting.map((each) => ({ host: host.host, ...each })));
  const refused = html`<section aria-labelledby="refused">
    <h2 id="refused">Refused <small>the plan is not applied until these are mended, and a new one is made</small></h2>
    <ul>
      ${refusals.map((each) => html`<li><code>${each.ref}</code> on ${each.host}: ${each.what}<br /><span class="soft">fix: ${each.fix}</span></li>`)}
    </ul>
  </section>`;
  const unknown = html`<section aria-labelledby="waiting">
    <h2 id="waiting">Waiting <small>not known before something else is done; looked at again after it</small></h2>
    <ul>
      ${waiting.map((each) => html`<li><code>${each.ref}</code> on ${each.host}: ${each.what}${waitsFor(each.for)}</li>`)}
    </ul>
  </section>`;
  return html`${refusals.length > 0 ? refused : undefined}${waiting.length > 0 ? unknown : undefined}`;
}

function waitsFor(refs: readonly string[]): Markup | undefined {
  if (refs.length === 0) return undefined;
  return html`<br /><span class="soft"
      >waits for ${refs.map((ref, at) => html`${at > 0 ? ", " : ""}<code>${ref}</code>`)}</span
    >`;
}

function renderCover(plan: Plan, sum: string, { namespace }: HtmlOptions): Markup {
  const { bound, estate, expires, nonce, tool } = plan;
  return html`<section aria-labelledby="cover">
    <h2 id="cover">What an approval covers</h2>
    <div class="card">
      <p>
        The exact bytes of the plan’s file, and so everything on this page and every step below it. One changed byte is
        another plan, which nobody has approved.
      </p>
      <dl>
        <dt>digest</dt>
        <dd><code>${sum}</code></dd>
        <dt>may be applied</dt>
        <dd>
          once, until ${moment(expires)}, while every observed fact of the hosts and every file below is as it was
        </dd>
        <dt>approvals</dt>
        <dd>${needs(plan)}</dd>
        <dt>approve</dt>
        <dd><code>demesne approve PLAN</code></dd>
        <dt>check the file</dt>
        <dd><code>sha256sum PLAN</code> shows the digest above</dd>
        <dt>check a signature</dt>
        <dd>
          <code
            >ssh-keygen -Y verify -f policy/allowed_signers -I WHO -n ${namespace} -s
            .demesne/approvals/${sum.replace("sha256:", "")}/WHO.sig &lt; PLAN</code
          >
        </dd>
      </dl>
      <details>
        <summary>${count(estate.inputs.length, "file")} of the estate, and the programs that it is bound to</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">what</th>
              <th scope="col">digest</th>
            </tr>
          </thead>
          <tbody>
            ${estate.inputs.map((each) => row(each.path, each.digest))}
            ${row(`probe of Demesne ${tool}`, bound.probe)}${row("programs around each task", bound.wrapper)}${row("ansible-core’s requirements", bound.ansible)}${row("nonce", nonce)}
          </tbody>
        </table>
      </details>
    </div>
    <p class="soft">
      Not covered: what another hand changes on a host between apply’s second look and a task, and which versions and
      dependencies apt chooses where a change says so.
    </p>
  </section>`;
}

function needs({ approval }: Plan): Markup {
  if (approval === null) return html`the estate asks for none: a single operator applies`;
  if (approval.needs.length === 0) return html`none needed for what this plan holds`;
  return html`${approval.needs.map((each, at) => html`${at > 0 ? html`<br />` : ""}${badge(each.risk)} ${needInWords(each)}`)}`;
}

function row(what: string, sum: string): Markup {
  return html`<tr>
    <td class="mono">${what}</td>
    <td class="mono">${sum}</td>
  </tr> `;
}

function base64Digest(text: string): string {
  return Buffer.from(digest(text).slice("sha256:".length), "hex").toString("base64");
}
