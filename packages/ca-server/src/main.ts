import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { createSerial, createWorkloadSerial } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import {
  type Component,
  createLoopWatch,
  createScheduler,
  type Logger,
  MemoryReturn,
  publicEnvironment,
  readHostCapacity,
  readProcessors,
  runMain,
  StartGarbage,
  systemClock,
} from "@kasbah/runtime";
import { cronSweep } from "@kasbah/runtime/cron";
import { socketProblems } from "@kasbah/runtime/rpc";
import { createAdminSocket } from "./admin/admin-socket.ts";
import { createAdmission } from "./admission/create-admission.ts";
import { loadPolicy } from "./admission/policy/file.ts";
import { createAuthn } from "./authn/create-authn.ts";
import { issuersNeeds } from "./authn/jwks/create-jwks.ts";
import { loadTokenIssuers } from "./authn/jwks/issuers/file.ts";
import { loadAuthorityOptions } from "./authorities/authority-options.ts";
import { createPolicyWarnings } from "./authorities/rehearsal/policy-warnings.ts";
import { clockConditions } from "./clock/conditions.ts";
import { ClockOperator } from "./clock/operations.ts";
import { type ServerConfig, serverCommand, serverOptions } from "./config/config.ts";
import { fileProblems } from "./config/file-problems.ts";
import { workersOf } from "./config/workers.ts";
import { createGrpcServer } from "./grpc/create-grpc-server.ts";
import { createReferenceIds } from "./grpc/reference-ids.ts";
import { createIssuance } from "./issuance/issue-certificate.ts";
import { createKubernetes, type Kubernetes } from "./kubernetes/create-kubernetes.ts";
import { namedFileProblems } from "./offline/named-files.ts";
import { pluggedInProblems } from "./offline/plugged-in-problems.ts";
import { openOwnedAuthorities } from "./opening/authorities.ts";
import { openClock } from "./opening/clock.ts";
import { followTransitions } from "./opening/follow-transitions.ts";
import { openLedger } from "./opening/ledger.ts";
import { ownNamesOf } from "./opening/own-names.ts";
import { openStateOwner } from "./opening/state-owner.ts";
import { createMover } from "./ownership/create-mover.ts";
import { ControlAnchors } from "./recording/anchors/control-anchors.ts";
import { DirectoryLock } from "./store/directory-lock.ts";
import { prepareStateDirectory } from "./store/state-directory.ts";
import { readVolumeId } from "./store/volume-id.ts";
import { createTelemetry } from "./telemetry/create-telemetry.ts";
import { readOverview } from "./telemetry/overview.ts";
import { createReadiness } from "./telemetry/readiness.ts";
import { StatusEndpoint } from "./telemetry/status-endpoint.ts";
import { createCallTracing } from "./telemetry/traces/create-tracing.ts";
import { createUnauthenticated } from "./unauthenticated/create-unauthenticated.ts";
import { createWorkers } from "./workers/create-workers.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const machine = { isRoot: process.getuid?.() === 0, env: process.env };
const host = { pid: process.pid, hostname: hostname() };

const writer = createCertificateWriter();
const newSerial = createSerial;
const newLedgerKey = () => generateKeyPairSync("ed25519").privateKey;
const newReferenceId = createReferenceIds(randomBytes);

const command = serverCommand(version);
const options = serverOptions(machine);
await runMain({ command, options, checkFiles, compose }, process);

async function checkFiles(config: ServerConfig, purpose: "run" | "check"): Promise<readonly string[]> {
  const { policy, tokenIssuers } = config;
  const problems = await Promise.all([
    purpose === "check" ? socketProblems({ "--admin-socket": config.adminSocket }) : [],
    // A running CA keeps the set in use, even if it would be refused today.
    purpose === "check" ? pluggedInProblems(config, systemClock) : [],
    // A running CA waits for these.
    purpose === "check" ? namedFileProblems(config) : [],
    fileProblems("--policy", policy, loadPolicy),
    fileProblems("--token-issuers", tokenIssuers, (path) => loadTokenIssuers(path, issuersNeeds(config))),
  ]);
  return problems.flat();
}

/** Opens what the state directory and the cluster contain, in the order in which one needs the other. */
async function openState(config: ServerConfig, logger: Logger) {
  const telemetry = createTelemetry(version, systemClock);
  const state = await prepareStateDirectory(config.stateDir);
  const lock = new DirectoryLock(state.control, { ...host, clock: systemClock });
  await lock.start();
  const time = await openClock(state, config, logger);
  const { clock } = time;
  const common = { config, clock, logger };
  const options = await loadAuthorityOptions(config);
  const kubernetes = createKubernetes({
    ...{ ...common, hostname: host.hostname, passphrase: options.passphrase },
    ...{ newId: newReferenceId, roll: Math.random },
    mayLead: () => clock.holds() === undefined,
    timeInDoubt: () => (clock.isWallTrusted() ? undefined : clock.now()),
  });
  const volumeId = await readVolumeId(state.control, newReferenceId);
  const anchors = new ControlAnchors({
    ...{ volumeId, place: config.ledgerPlace },
    isShared: config.stateSecret !== undefined,
  });
  const ledger = await openLedger({
    ...{ ...common, state, anchors },
    replica: config.ledgerPlace ?? volumeId,
    configMap: kubernetes?.checkpointTarget(config.ledgerPlace ?? volumeId),
    ...{ newKey: newLedgerKey, metrics: telemetry.ledger },
  });
  const status = new StatusEndpoint({
    ...{ address: config.httpAddress, probeAddress: config.probeAddress },
    ...{ registry: telemetry.registry, logger },
  });
  const opening = { config, state, time, options, kubernetes, logger };
  const owned = await openStateOwner(opening, status);
  const { backing } = owned.owner;
  const authorities = await openOwnedAuthorities({ ...opening, backing, ledger, writer, newSerial });
  anchors.follow(authorities.keeper);
  const replica = config.podName ?? config.ledgerPlace ?? volumeId;
  return { telemetry, state, lock, time, ledger, kubernetes, status, owned, authorities, replica };
}

/** Creates the rooms of the CA, and returns their components in the order in which they start. */
async function compose(config: ServerConfig, logger: Logger): Promise<Component[]> {
  const opened = await openState(config, logger);
  const { telemetry, state, lock, time, ledger, kubernetes, status, owned, authorities } = opened;
  const { keeper: issuers, rotation, rootClients, compromise, requests } = authorities;
  const { clock } = time;
  const { calls: metrics } = telemetry;
  const common = { config, clock, logger };
  const tracing = await createCallTracing({
    ...{ endpoint: config.otlpEndpoint, version, hostname: host.hostname, environment: machine.env },
    ...{ counts: telemetry.traces, clock: systemClock, logger },
  });

  const proxyEnvironment = machine.env;
  const callers = { authorities: issuers, kubernetes, proxyEnvironment, metrics, roll: Math.random };
  const authn = await createAuthn({ ...common, ...callers });
  const own = ownNamesOf(config);
  const admission = createAdmission({ ...common, ...own });
  const { policy } = admission;
  const issuance = createIssuance({
    ...{ ...authn, ...admission, policy: () => policy.current() },
    observer: { onIgnored: metrics.requestIgnored, onSharedKey: metrics.keyShared },
    ...{ issuers, writer, newSerial: createWorkloadSerial, ledger: ledger.decisions },
    ownSpiffeId: own.ownSpiffeId,
    ...{ maxRenewalAgeMs: config.maxRenewalAge, requireTime: () => clock.requireTime(), clock },
  });

  const { trustDomain } = config;
  const names = createPolicyWarnings({ issuers, policy: () => policy.current(), trustDomain, clock });
  const port = { troubles: () => grpc.endpoint.troubles(), warnings: () => grpc.endpoint.warnings() };
  const cluster = kubernetes === undefined ? [] : [kubernetes];
  const conditions = clockConditions(clock, kubernetes);
  const sources = [
    conditions,
    ledger.loss,
    ledger.space,
    owned,
    authorities,
    port,
    authn,
    policy,
    names,
    ...cluster,
  ];
  const readiness = createReadiness({ issuers, ledger: ledger.log, sources, clock });
  const unauthenticated = createUnauthenticated({
    ...{ metrics: telemetry.unauthenticated, sweep: cronSweep("50 * * * * *"), clock, logger },
  });
  const grpc = createGrpcServer({
    ...{ ...common, issuance, issuers, rootClients, decisions: ledger.decisions, servingLog: ledger.serving },
    serverNames: own.serverNames,
    tracing: tracing?.calls,
    ...{ metrics, unauthenticated, writer, newSerial, newReferenceId, roll: Math.random },
    ...servingOf(config, metrics.workerReplaced, logger),
    isReady: () => readiness().ready,
    scheduler: createScheduler(clock, cronSweep()),
  });
  const clockOperations = new ClockOperator({
    ...{ clock, replaceFutureRoot: () => rotation.replaceFutureRoot() },
  });
  const overview = {
    ...{ version, replica: opened.replica, trustDomain: trustDomain.name, startedAt: clock.now() },
    role: () => roleOf(config, kubernetes),
    ...{ readiness, activity: telemetry.activity, ledger, port: grpc.endpoint, clock: clockOperations },
  };
  const admin = createAdminSocket({
    ...{ path: config.adminSocket ?? state.adminSocket, newReferenceId, clock, roll: Math.random, logger },
    ...{ operations: rotation, compromise, requests, log: ledger.operators, loss: ledger.loss },
    knownHeads: () => ledger.knownHeads(),
    move: createMover(owned, () => kubernetes?.leads() ?? true),
    admission: { decisions: ledger.decisions, onRecord: ledger.index, policy },
    overview: (request) => readOverview(overview, request),
    clockOperations,
  });
  status.serve(readiness);
  const observed = { authorities: issuers, roots: authorities, grpc: grpc.endpoint };
  telemetry.observe({ ...observed, readiness, ledger, kubernetes, clock });

  const { certificate, endpoint } = grpc;
  const transitions = followTransitions({ authorities, certificate, ledger, kubernetes, clock, logger });
  return [
    ...(tracing?.components ?? []),
    ...[lock, time.watch, ...ledger.components, owned.owner, transitions, policy],
    ...[...authorities.components, ...authn.components],
    ...(kubernetes?.components ?? []),
    ...[certificate, unauthenticated.summary, endpoint, admin, status],
    createLoopWatch({ registry: telemetry.registry, clock: systemClock, logger }),
    new MemoryReturn({ sweep: cronSweep("*/10 * * * * *") }),
    new StartGarbage(),
  ];
}

/** Without a shared Secret, every CA leads. */
function roleOf({ stateSecret }: ServerConfig, kubernetes: Pick<Kubernetes, "leads"> | undefined) {
  if (stateSecret === undefined || kubernetes === undefined) return "single";
  return kubernetes.leads() ? "leader" : "follower";
}

/** How many processes serve the gRPC port, and with which limits. */
function servingOf(config: ServerConfig, onReplaced: () => void, logger: Logger) {
  const capacity = readHostCapacity(process.constrainedMemory());
  const elsewhere = createWorkers({
    ...{ config, capacity, onReplaced, logger, clock: systemClock, roll: Math.random },
    workers: workersOf(config, readProcessors()),
    env: publicEnvironment(options, machine.env),
    execArgv: process.execArgv,
  });
  return { capacity, elsewhere };
}
