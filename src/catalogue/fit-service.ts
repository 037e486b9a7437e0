// service.yaml, made to fit an estate: a host, a data class, ports and models that are there. What is there already stays.
import { type Document, isSeq, parseDocument } from "yaml";
import { endpointsOf, type Estate, type EstateHost } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { printYaml } from "./print-yaml.ts";

/** Throws Problem `prerequisite` when it needs a gateway and there is none, `refused` when it would be the second. */
export function fitService(text: string, estate: Estate): string {
  const document = parseDocument(text);
  checkGateway(document, estate);
  const host = hostFor(document, estate);
  document.set("host", host.id);
  if (host.state === "dormant") document.set("state", "dormant");
  document.set("dataClass", classFor(String(document.get("dataClass")), estate));
  fitPorts(document, host, estate);
  fitModels(document, estate);
  return printYaml(document, text);
}

function gatewayOf({ services }: Estate): string | undefined {
  return services.find(({ containers }) => containers.some(({ image }) => image.kind === "build"))?.name;
}

function checkGateway(document: Document, estate: Estate): void {
  const gateway = gatewayOf(estate);
  if (document.has("build") && gateway !== undefined) {
    const fix = "one gateway is enough: demesne keys issues what others ask it with";
    throw new Problem({ code: "refused", where: `services/${gateway}`, what: "is the gateway already", fix });
  }
  const keys = document.get("keys");
  if (!isSeq(keys) || keys.items.length === 0 || gateway !== undefined) return;
  const fix = "demesne service new gateway --from gateway";
  throw new Problem({ code: "prerequisite", where: "services", what: "hold no gateway, and it asks for models", fix });
}

/** The one that is named, or one of its kind, a live one first. */
function hostFor(document: Document, { hosts }: Estate): EstateHost {
  const named = String(document.get("host"));
  const kind = named === "gpu" ? "gpu" : "control";
  const suited = hosts.filter((each) => each.roles.includes("docker") && each.roles.includes("service"));
  const order = [...suited].sort((one, other) => rank(one, named, kind) - rank(other, named, kind));
  const [first] = order;
  if (first !== undefined) return first;
  const fix = "add docker and service to the roles of a host";
  throw new Problem({ code: "prerequisite", where: "inventory/hosts.yaml", what: "has no host for services", fix });
}

function rank({ id, kind, state }: EstateHost, named: string, wanted: string): number {
  return (id === named ? 0 : 4) + (kind === wanted ? 0 : 2) + (state === "live" ? 0 : 1);
}

/** The class of that name, or the first that is as personal; for want of one, one that is more. */
function classFor(named: string, { dataClasses }: Estate): string {
  if (dataClasses.some(({ name }) => name === named)) return named;
  const isPersonal = named === "personal";
  return (
    (
      dataClasses.find(({ personal }) => personal === isPersonal) ??
      dataClasses.find(({ personal }) => personal) ??
      dataClasses[0]
    )?.name ?? named
  );
}

/** Published ports move up to the next that is free on the host. */
function fitPorts(document: Document, host: EstateHost, estate: Estate): void {
  const there = estate.services.filter((each) => each.host === host.id);
  const taken = new Set([
    host.port,
    ...there.flatMap(({ ports }) => ports.flatMap(({ publish }) => publish?.port ?? [])),
  ]);
  const ports = document.get("ports");
  for (const index of isSeq(ports) ? ports.items.keys() : []) {
    const path = ["ports", index, "publish", "port"];
    let port = Number(document.getIn(path));
    if (Number.isNaN(port)) continue;
    while (taken.has(port)) port += 1;
    taken.add(port);
    document.setIn(path, port);
  }
}

/** Models that a profile does not know are left out; with none left, the key may ask for all. */
function fitModels(document: Document, { seam }: Estate): void {
  const names = new Set(endpointsOf(seam.model).flatMap((endpoint) => Object.keys(endpoint.names)));
  const keys = document.get("keys");
  for (const index of isSeq(keys) ? keys.items.keys() : []) {
    const models = document.getIn(["keys", index, "models"]);
    if (!isSeq(models)) continue;
    const known = models.items.map(String).filter((name) => names.has(name));
    if (known.length === models.items.length) continue;
    if (known.length === 0) document.deleteIn(["keys", index, "models"]);
    else document.setIn(["keys", index, "models"], document.createNode(known, { flow: true }));
  }
}
