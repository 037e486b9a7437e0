// What a service promises beyond its containers: who reaches it, and what becomes of personal data in it.
import type { EstateFiles, ServiceFiles } from "../estate/inspect.ts";
import { at, inFile, type LintFinding } from "./finding.ts";

/** `readme` is undefined when the service has none. */
export function checkService(
  files: ServiceFiles,
  all: EstateFiles,
  readme: string | undefined,
): readonly LintFinding[] {
  return [...checkPublished(files, all), ...checkDataHandling(files, all, readme)];
}

function checkPublished(files: ServiceFiles, { hosts }: EstateFiles): readonly LintFinding[] {
  const known = new Set(
    Object.values(hosts.value.hosts).flatMap(({ address, address6 }) => [
      `${address}/${address.includes(":") ? 128 : 32}`,
      ...(address6 === undefined ? [] : [`${address6}/128`]),
    ]),
  );
  return files.service.value.ports.flatMap(({ publish, open }, index) => {
    if (publish === undefined || publish.address.startsWith("127.")) return [];
    const strangers = open?.from.filter((source) => !known.has(source)) ?? [];
    if (open !== undefined && strangers.length === 0 && publish.address !== "0.0.0.0") return [];
    const [what, path] =
      strangers.length > 0
        ? [`should be open to hosts of the estate alone, got ${strangers.join(", ")}`, ["open", "from"]]
        : [`should be published on loopback, got ${publish.address}`, ["publish", "address"]];
    const fix =
      "use 127.0.0.1 and reach it by ssh -L or through a tailnet; name another host of the estate as ADDRESS/32";
    return [at("published", [files.service, ["ports", index, ...path]], { what, fix }, files.name)];
  });
}

const asked = ["Holds", "Where", "Kept", "Erased"];

/** README.md has a heading `Data handling`, and under it a line for each of what is asked. */
function checkDataHandling(
  files: ServiceFiles,
  { estate }: EstateFiles,
  readme: string | undefined,
): readonly LintFinding[] {
  const { dataClass } = files.service.value;
  if (estate.value.dataClasses[dataClass]?.personal !== true) return [];
  const file = `services/${files.name}/README.md`;
  const fix = `write ${file} with a heading \`## Data handling\` and a line each: ${asked.map((word) => `- **${word}**: ...`).join(" ")}`;
  const lines = readme?.split("\n") ?? [];
  const heading = lines.findIndex((line) => /^#+\s+data handling\s*$/i.test(line));
  if (heading < 0) {
    const what = `should say what becomes of personal data (${dataClass}), ${file} ${readme === undefined ? "is missing" : "does not"}`;
    return [at("data-handling", [files.service, ["dataClass"]], { what, fix }, files.name)];
  }
  const end = lines.findIndex((line, index) => index > heading && line.startsWith("#"));
  const section = lines.slice(heading + 1, end < 0 ? undefined : end);
  const missing = asked.filter(
    (word) => !section.some((line) => new RegExp(`^- \\*\\*${word}\\*\\*: *\\S`).test(line)),
  );
  return missing.map((word) =>
    inFile("data-handling", [file, heading + 1], { what: `should say under Data handling: ${word}`, fix }, files.name),
  );
}
