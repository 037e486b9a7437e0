// How a container must run: what it may take of the host, and what it may not gain. Nothing here looks at a running one.
import type { ServiceFiles } from "../estate/inspect.ts";
import { at, type LintFinding } from "./finding.ts";
import type { RuleName } from "./rules.ts";

type Container = ServiceFiles["compose"]["value"]["services"][string];
type Without = ServiceFiles["service"]["value"]["without"][number];

export function checkContainers(files: ServiceFiles): readonly LintFinding[] {
  const containers = Object.entries(files.compose.value.services);
  return [
    ...containers.flatMap(([name, container]) => [
      ...checkLimits(files, name, container),
      ...checkPrivileges(files, name, container),
      ...lacking(container).flatMap((control) => (isStated(files, control, name) ? [] : [lacks(files, control, name)])),
    ]),
    ...files.service.value.without.flatMap((stated, index) => checkStated(files, stated, index)),
  ];
}

const limits = {
  mem_limit: "memory, such as 512m",
  cpus: "processor time, such as 1",
  pids_limit: "processes, such as 128",
};

function checkLimits(files: ServiceFiles, name: string, container: Container): readonly LintFinding[] {
  const missing = (["mem_limit", "cpus", "pids_limit"] as const).filter((key) => !isLimit(container[key]));
  return missing.map((key) => {
    const what = `should say the most that it may have of ${limits[key].split(",")[0]}`;
    const told = { what, fix: `add \`${key}\`: ${limits[key]}` };
    return at("limits", [files.compose, ["services", name, key]], told, files.name);
  });
}

/** Docker takes 0 and -1 for no limit. */
function isLimit(value: string | number | undefined): boolean {
  return value !== undefined && Number.parseFloat(String(value)) > 0;
}

function checkPrivileges(files: ServiceFiles, name: string, container: Container): readonly LintFinding[] {
  if (container.security_opt?.includes("no-new-privileges:true") === true) return [];
  const told = {
    what: "should gain no rights by starting a program",
    fix: 'add `security_opt: ["no-new-privileges:true"]`',
  };
  return [at("no-new-privileges", [files.compose, ["services", name, "security_opt"]], told, files.name)];
}

type Control = Without["control"];

function lacking(container: Container): readonly Control[] {
  return [
    ...(container.read_only === true ? [] : ["read-only" as const]),
    ...(isRoot(container.user) ? ["non-root" as const] : []),
    ...(hasHealthcheck(container) ? [] : ["healthcheck" as const]),
    ...(container.cap_drop?.includes("ALL") === true ? [] : ["cap-drop" as const]),
  ];
}

function isRoot(user: string | number | undefined): boolean {
  return user === undefined || ["0", "root", ""].includes(String(user).split(":")[0] ?? "");
}

function hasHealthcheck({ healthcheck }: Container): boolean {
  const first = Array.isArray(healthcheck?.test) ? healthcheck.test[0] : healthcheck?.test;
  return first !== undefined && first !== "NONE" && first !== "";
}

const told: Readonly<Record<Control, { key: string; what: string; add: string }>> = {
  "read-only": {
    key: "read_only",
    what: "should have a read-only root",
    add: "`read_only: true`, and tmpfs for what it writes",
  },
  "non-root": { key: "user", what: "should run as a user other than root", add: '`user: "10001:10001"`' },
  healthcheck: {
    key: "healthcheck",
    what: "should have a health check",
    add: "`healthcheck` with a test that succeeds when it is well",
  },
  "cap-drop": { key: "cap_drop", what: "should start without capabilities", add: "`cap_drop: [ALL]`" },
};

function lacks(files: ServiceFiles, control: Control, name: string): LintFinding {
  const { key, what, add } = told[control];
  const fix = `add ${add}; if the image does not stand it, say why under \`without\` in ${files.service.file}`;
  return at(control satisfies RuleName, [files.compose, ["services", name, key]], { what, fix }, files.name);
}

function isStated(files: ServiceFiles, control: Control, name: string): boolean {
  return files.service.value.without.some(
    (stated) => stated.control === control && (stated.container === undefined || stated.container === name),
  );
}

/** An exception that no container needs would hide the next one that does. */
function checkStated(files: ServiceFiles, { control, container }: Without, index: number): readonly LintFinding[] {
  const meant = Object.entries(files.compose.value.services).filter(
    ([name]) => container === undefined || container === name,
  );
  if (meant.some(([, each]) => lacking(each).includes(control))) return [];
  const what =
    meant.length === 0 ? "should name a container of compose.yaml" : `should go: no container lacks ${control}`;
  const place = [files.service, ["without", index, meant.length === 0 ? "container" : "control"]] as const;
  return [at("stated-in-vain", place, { what, fix: "remove the entry, or correct it" }, files.name)];
}
