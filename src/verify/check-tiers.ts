// The tiers, from inside their own containers: the gateway's tier reaches it, others do not, and none reaches outside.
import { failed, passed, skipped, type About, type Check } from "./check.ts";
import { addressesOf, containersWith, type Container } from "./docker.ts";
import type { Expectation, ExpectedService } from "./expectation.ts";
import { whileListening } from "./listen-everywhere.ts";
import { askFrom, type Probe, type Question } from "./probe-containers.ts";
import { scan, type Target } from "./programs.ts";
import { portsOf, rangesOf } from "./ranges.ts";
import type { Inside, Vantage } from "./vantage.ts";

export const EGRESS_NETWORK = "demesne-egress";
export const networkOf = (tier: string): string => `demesne-${tier}`;

export type Tiers = {
  readonly expectation: Expectation;
  readonly targets: readonly Target[];
  readonly inside: Inside;
  /** One on each tier's network, one on the gateway's way out. */
  readonly probes: readonly Probe[];
  readonly signal?: AbortSignal | undefined;
};

export async function checkGatewayTier(request: Tiers): Promise<Check[]> {
  const reach = { name: "the gateway's tier reaches the gateway", from: "inside" };
  const apart = { name: "no other tier reaches the gateway", from: "inside" };
  const gateway = request.expectation.services.find((each) => each.gateway);
  if (gateway === undefined) return [reach, apart].map((about) => skipped(about, "no gateway runs on this host"));
  const [container] = await containersOf(request.inside, gateway.name, request.signal);
  if (container === undefined) return [reach, apart].map((about) => failed(about, "the gateway has no container"));
  return [await reaches(reach, gateway, request), await reachesNot(apart, gateway, container, request)];
}

async function reaches(about: About, gateway: ExpectedService, { inside, probes, signal }: Tiers): Promise<Check> {
  const probe = probes.find(({ network }) => network === networkOf(gateway.tier));
  if (probe === undefined) return skipped(about, `no probe container runs on ${networkOf(gateway.tier)}`);
  const { name: host, port, path } = gateway;
  const [answer = "nothing"] = await askFrom(inside, probe.id, [{ http: true, host, port, path }], { signal });
  const url = `http://${host}:${port}${path}`;
  const seen = { counts: { asked: 1, reached: answer === "200" ? 1 : 0 }, evidence: [`${url}: ${answer}`] };
  return answer === "200"
    ? passed(about, `a container on ${probe.network} asked ${url}: 200`, seen)
    : failed(about, `a container on ${probe.network} asked ${url}: ${answer}`, seen);
}

async function reachesNot(
  about: About,
  gateway: ExpectedService,
  container: Container,
  request: Tiers,
): Promise<Check> {
  const { inside, probes, targets, expectation, signal } = request;
  const strangers = probes.filter(({ network }) =>
    expectation.tiers.some(({ name }) => name !== gateway.tier && networkOf(name) === network),
  );
  if (strangers.length === 0) return skipped(about, "no probe container runs on another tier's network");
  // By its name, by each of its own addresses, and by the host's.
  const hosts = [gateway.name, ...addressesOf(container), ...targets.map(({ address }) => address)];
  const questions = hosts.map((host): Question => ({ host, port: gateway.port }));
  return await nobodyReaches(about, strangers, questions, { inside, signal });
}

export async function checkEgress(vantage: Vantage, request: Tiers): Promise<Check[]> {
  const none = { name: "no tier reaches outside", from: "inside" };
  const only = { name: "the gateway's network reaches the model's port outside, and no other", from: "inside" };
  const { inside, probes, expectation, targets, signal } = request;
  const { modelPorts } = expectation;
  const sources = await scan(vantage.run, { targets, tcp: [], udp: [], answerMs: 100, window: 1 }, signal);
  const outside = sources.flatMap(({ family, source }) => (source === null ? [] : [{ family, address: source }]));
  const other = 24_100;
  const tcp = rangesOf([...modelPorts, other]);
  const { value } = await whileListening(
    { run: vantage.run, targets: outside, tcp, udp: [], signal },
    async (heard) => {
      if (heard.families.some(({ tcp: { answers } }) => portsOf(answers).size < modelPorts.length + 1))
        return [none, only].map((about) => skipped(about, "the listeners outside do not answer"));
      const closed = await nobodyReaches(
        none,
        probes.filter(({ network }) => network !== EGRESS_NETWORK),
        questionsTo(outside, [...modelPorts, other]),
        { inside, signal },
      );
      const egress = probes.find(({ network }) => network === EGRESS_NETWORK);
      if (egress === undefined) return [closed, skipped(only, `no probe container runs on ${EGRESS_NETWORK}`)];
      // Its way out over IPv6 depends on the version of Docker; that it is closed for other ports does not.
      const over4 = outside.filter(({ family }) => family === 4);
      const model = await askFrom(inside, egress.id, questionsTo(over4, modelPorts), { signal });
      const rest = await askFrom(inside, egress.id, questionsTo(outside, [other]), { signal });
      return [closed, judgeEgress(only, model, rest, modelPorts)];
    },
  );
  return value;
}

function questionsTo(targets: readonly Target[], ports: readonly number[]): Question[] {
  return ports.flatMap((port) => targets.map(({ address: host }) => ({ host, port })));
}

function judgeEgress(about: About, model: readonly string[], rest: readonly string[], ports: readonly number[]): Check {
  const named = `${ports.length === 1 ? "port" : "ports"} ${ports.join(" and ")}`;
  const reached = rest.filter((answer) => answer === "open").length;
  const open = model.filter((answer) => answer === "open").length;
  const seen = {
    counts: { asked: model.length + rest.length, expectedOpen: model.length, open: open + reached },
    evidence: [`${named}: ${model.join(", ")}`, `another port: ${rest.join(", ")}`],
  };
  if (reached > 0) return failed(about, "it reaches a port outside that is not the model's", seen);
  if (open < model.length) return failed(about, "it does not reach the model's port outside", seen);
  return passed(about, `reached: ${named}; not reached: another one`, seen);
}

async function nobodyReaches(
  about: About,
  probes: readonly Probe[],
  questions: readonly Question[],
  { inside, signal }: Pick<Tiers, "inside" | "signal">,
): Promise<Check> {
  const heard = await Promise.all(
    probes.map(async (probe) => {
      const words = await askFrom(inside, probe.id, questions, { signal });
      return words.map((answer, index) => `${probe.network} to ${where(questions[index])}: ${answer}`);
    }),
  );
  const answers = heard.flat();
  // A refusal was sent by what was to be out of reach.
  const reached = answers.filter((answer) => /: (?:open|ECONNREFUSED|ECONNRESET)$/.test(answer));
  const seen = {
    counts: { asked: answers.length, reached: reached.length },
    evidence: reached.length > 0 ? reached : answers,
  };
  if (answers.length === 0) return skipped(about, "there was nobody to ask", seen);
  if (reached.length > 0) return failed(about, `${reached.length} of ${answers.length} connections got through`, seen);
  return passed(about, `${answers.length} connections were tried, none got through`, seen);
}

function where(question: Question | undefined): string {
  return question !== undefined && "port" in question ? `${question.host} port ${question.port}` : "";
}

export async function containersOf(inside: Inside, service: string, signal?: AbortSignal): Promise<Container[]> {
  const all = await containersWith(inside, `com.docker.compose.project=${service}`, signal);
  return all.filter(({ Config: { Labels } }) => Labels?.["com.docker.compose.service"] === service);
}
