// All kinds of resources on one page, from the kinds themselves.
import { kinds, risks, type Kind } from "../src/resources/index.ts";
import type { Page } from "./generate.ts";
import { keyTable, shapeOf } from "./key-table.ts";

const PREAMBLE = `A resource is one fact that a host must satisfy. Its name is \`kind:id\`, such as \`file:/etc/motd\`. Roles make resources
from the estate; nobody writes them by hand. Besides what its kind wants, each resource has a role, the resources that it
needs first, a least risk (${risks.join(", ")}), and says whether something that is already there may be adopted.

*Wanted* is what the role asks for. *Observed* is what the read-only look tells, normalised: no times, no process numbers, no
counters. A plan holds a change where the two differ. What cannot be observed is neither: it waits for what it needs, or is
refused.`;

export function resourcePages(): readonly Page[] {
  const rows = kinds.map((each) => `| [\`${each.kind}\`](#${each.kind}) | ${each.purpose} |`);
  const text = [
    "<!-- Generated from the kinds of resources by `npm run generate`; do not edit. -->",
    "# Resources",
    PREAMBLE,
    ["| kind | purpose |", "| --- | --- |", ...rows].join("\n"),
    ...kinds.flatMap(section),
    "",
  ];
  return [{ path: "docs/reference/resources.md", text: text.join("\n\n") }];
}

function section(each: Kind): string[] {
  return [
    `## ${each.kind}`,
    each.purpose,
    each.ownable
      ? "May stand on a host without being Demesne's: then it is refused, unless the host adopts it."
      : "Belongs to every host: there is no owner to ask, so it is changed without being adopted.",
    "### Wanted",
    keyTable(shapeOf(each.wanted)),
    "### Observed",
    keyTable(shapeOf(each.observed)),
  ];
}
