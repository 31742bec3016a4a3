import type { HostPort } from "@kasbah/runtime";
import type { AgentDeps } from "../agent-deps.ts";
import type { AgentConfig } from "../config/options.ts";
import { findMountedCerts } from "../mounted-certs/find-mounted-certs.ts";
import type { AgentAnswer } from "./agent-view.ts";
import { type CaCheck, checkCa, checkCas } from "./ca/check-ca.ts";
import { explainFailure } from "./ca/explain-failure.ts";
import { tryCall } from "./ca/try-call.ts";
import { checkAgent } from "./check-agent.ts";
import { checkEnvoy } from "./envoy/check-envoy.ts";
import { checkFiles } from "./files/check-files.ts";
import {
  createReport,
  type DoctorFinding,
  type DoctorReport,
  isCritical,
  isFinding,
  type Observation,
  skipped,
  warning,
} from "./report.ts";
import { checkRoots, type RootCheck } from "./root/check-roots.ts";
import { checkSocket, type SocketCheck } from "./socket/check-socket.ts";
import { checkToken, type TokenCheck } from "./token/check-token.ts";
import { describeAudiences, shownClaimsOf } from "./token/token-claims.ts";
import { withoutToken } from "./token/without-token.ts";

export interface ExamineOptions {
  readonly version: string;
  readonly config: AgentConfig;
  /** Whether to request a certificate even if an agent runs. */
  readonly isTried: boolean;
  readonly envoyAdmin: HostPort;
}

export interface ExamineDeps extends Pick<AgentDeps, "clock" | "roll" | "environment"> {
  askAgent(): Promise<AgentAnswer>;
}

const connectMs = 8_000;
const callMs = 15_000;

/** Examines everything that the workload's identity depends on, in place. It changes nothing. */
export async function examine(options: ExamineOptions, deps: ExamineDeps): Promise<DoctorReport> {
  const { config, version, envoyAdmin } = options;
  const now = deps.clock.now();
  const agent = await deps.askAgent();
  const socket = await checkSocket(config, agent, now);
  const supply = await examineSupply(options, { ...deps, agent, socket });
  const servedSerial =
    socket.served?.leaf?.serial ?? (agent.kind === "running" ? agent.view.certificate?.serial : undefined);
  const view = agent.kind === "running" ? agent.view : undefined;
  const observations = [
    ...supply.observations,
    ...withoutNoise(socket, supply.observations),
    ...(await checkEnvoy({ admin: envoyAdmin, servedSerial, agent: view, now })),
    ...(await checkFiles(config, servedSerial, now)),
  ];
  const roots = supply.roots?.bundle?.roots ?? [];
  const facts = {
    spiffeId: socket.served?.leaf?.uriNames[0] ?? view?.certificate?.spiffeId,
    token: supply.token?.claims && shownClaimsOf(supply.token.claims),
    roots: roots.map(({ fingerprint, notAfter }) => ({ fingerprint, notAfter: notAfter.toISOString() })),
    servedSerial,
  };
  return createReport({ version, now, observations, facts });
}

/** A missing certificate needs no finding of its own if another finding says why it is missing. */
function withoutNoise({ observations }: SocketCheck, others: readonly Observation[]): readonly Observation[] {
  const isExplained = others.some(isCritical);
  return observations.filter((one) => !(isExplained && isFinding(one) && one.code === "SECRET_MISSING"));
}

interface Supply {
  readonly observations: readonly Observation[];
  readonly token?: TokenCheck;
  readonly roots?: RootCheck;
}

interface SupplyDeps extends ExamineDeps {
  readonly agent: AgentAnswer;
  readonly socket: SocketCheck;
}

/** Examines what the agent needs to obtain a certificate. */
async function examineSupply(options: ExamineOptions, deps: SupplyDeps): Promise<Supply> {
  const { config } = options;
  const { agent, clock, environment } = deps;
  const mounted = await findMountedCerts(config);
  if (mounted !== undefined) {
    const what = `the agent serves the certificates mounted in ${mounted} and asks no CA`;
    return { observations: [skipped("ca", what), ...agentObservations(deps, undefined)] };
  }
  const token = await checkToken(config, clock.now());
  const roots = await checkRoots(config, clock.now());
  const now = () => clock.now();
  const probe = { config, environment, now, deadlineMs: connectMs };
  const rootsPem = await trustedPem(roots);
  const cas = rootsPem === undefined ? [] : await checkCas({ ...probe, rootsPem });
  const unverified = "the CA was not examined: without a root, nothing can verify it";
  const judged = await judgeCas(cas, deps, probe);
  const found = [
    // The CA knows the offset best, and a wrong clock explains much of the rest.
    ...judged.filter(isClockFinding),
    ...(rootsPem === undefined ? [skipped("ca", unverified)] : []),
    ...withoutToken(token, config, agent, now()),
    ...roots.observations,
    ...judged.filter((one) => !isClockFinding(one)),
  ];
  const isNeeded = options.isTried || agent.kind !== "running";
  const call = isNeeded && !found.some(isCritical) ? await requestOne(config, deps, token) : [];
  const reported = agentObservations(deps, token.claims)
    .filter((one) => !isRepeated(one, found, call))
    .map((one) => (isFinding(one) && one.code === "CA_UNREACHABLE" ? asPast(one) : one));
  const observations = [...found, ...call, ...reported];
  const unusual = unusualAudience(token, observations, hasIssued(deps, call));
  return { observations: [...observations, ...unusual], token, roots };
}

function isClockFinding(one: Observation): boolean {
  return isFinding(one) && one.area === "clock";
}

async function trustedPem({ bundle, isSystem }: RootCheck): Promise<string | undefined> {
  if (!isSystem) return bundle?.toPem();
  const { getCACertificates } = await import("node:tls");
  return getCACertificates("system").join("\n");
}

/**
 * The running agent also trusts the roots that the CA sent it, until it restarts. If only they verify the CA, the
 * agent works now, and the root file needs to be replaced before the next start.
 */
async function judgeCas(
  cas: readonly CaCheck[],
  { socket }: SupplyDeps,
  probe: Omit<Parameters<typeof checkCa>[1], "rootsPem">,
): Promise<readonly Observation[]> {
  const bundle = socket.served?.bundle;
  const judged = await Promise.all(
    cas.map(async ({ address, observations, isUntrusted }) => {
      if (!isUntrusted || bundle === undefined) return observations;
      const again = await checkCa(address, { ...probe, rootsPem: bundle.toPem() });
      if (again.observations.some(isCritical)) return observations;
      return [...observations.map(asOldFile), ...again.observations];
    }),
  );
  return judged.flat();
}

function asOldFile(one: Observation): Observation {
  if (!isFinding(one)) return one;
  const what = `the root file is old: the running agent has learned the CA's present root, but would not trust the CA after a restart: ${one.what}`;
  return { ...one, level: "warning", code: "ROOT_FILE_OLD", what };
}

async function requestOne(
  config: AgentConfig,
  deps: SupplyDeps,
  { claims }: TokenCheck,
): Promise<readonly Observation[]> {
  const call = await tryCall(config, deps, callMs);
  return call.kind === "issued" ? [call.observation] : [explainFailure(call.failure, claims)];
}

function agentObservations(
  { agent, socket }: SupplyDeps,
  claims: TokenCheck["claims"],
): readonly Observation[] {
  // Without a socket and a status port, one finding about the missing agent is enough.
  if (agent.kind !== "running" && socket.served === undefined) return [];
  return checkAgent(agent, claims);
}

/** The agent's last failure is repeated if a check finds its cause, or if a request shows that it is over. */
function isRepeated(one: Observation, found: readonly Observation[], call: readonly Observation[]): boolean {
  if (!isFinding(one)) return false;
  const isCause = (other: Observation) =>
    isCritical(other) &&
    (other.code === one.code || (one.code === "CA_UNREACHABLE" && other.area !== "token"));
  return [...found, ...call].some(isCause) || (isCritical(one) && call.some((other) => !isFinding(other)));
}

/** Each address was just reached, so the agent's next attempt is likely to succeed. */
function asPast(one: DoctorFinding): DoctorFinding {
  const fix = "wait for the agent's next attempt, or run kasbah-agent rotate: the CA answers now";
  return { ...one, level: "warning", fix };
}

/** Worth a word only if nothing shows whether the CA accepts the token. */
function unusualAudience(
  { claims }: TokenCheck,
  observations: readonly Observation[],
  isAccepted: boolean,
): readonly Observation[] {
  if (claims === undefined || isAccepted || claims.audiences.includes("istio-ca")) return [];
  if (observations.some((one) => isFinding(one) && one.area === "token")) return [];
  const what = `the token has ${describeAudiences(claims)}, and CAs expect istio-ca unless --token-audience is set`;
  const fix = "check the audience of the pod's projected token: serviceAccountToken.audience";
  return [warning("token", "TOKEN_AUDIENCE", { what, fix, page: "docs/refusals.md" })];
}

/** Whether the CA has issued a certificate by the last request. */
function hasIssued({ agent }: SupplyDeps, call: readonly Observation[]): boolean {
  if (call.length > 0) return !call.some(isFinding);
  return (
    agent.kind === "running" && agent.view.certificate !== undefined && agent.view.lastFailure === undefined
  );
}
