import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { prepareLedgerDirectory } from "@kasbah/ledger";
import { createSerial, createWorkloadSerial } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import {
  type Component,
  createScheduler,
  cronSweep,
  type Logger,
  runMain,
  systemClock,
} from "@kasbah/runtime";
import { createAdminSocket } from "./admin/admin-socket.ts";
import { createAdmission } from "./admission/create-admission.ts";
import { loadPolicy } from "./admission/policy/file.ts";
import { policyDnsNames } from "./admission/policy-dns-names.ts";
import { createAuthn } from "./authn/create-authn.ts";
import { loadTokenIssuers } from "./authn/jwks/issuers-file.ts";
import { type AuthorityOptions, loadAuthorityOptions } from "./authorities/authority-options.ts";
import { type Authorities, createAuthorities } from "./authorities/create-authorities.ts";
import type { Rehearse } from "./authorities/rehearsal/candidate.ts";
import { createPolicyWarnings } from "./authorities/rehearsal/policy-warnings.ts";
import { createRehearsal } from "./authorities/rehearsal/rehearse.ts";
import { timeGate } from "./authorities/rotation/rotation-gate.ts";
import { authoritiesInUse, createTransitionObserver } from "./authorities/transition-observer.ts";
import { type ServerConfig, serverCommand, serverOptions } from "./config/config.ts";
import { fileProblems } from "./config/file-problems.ts";
import { createGrpcServer } from "./grpc/create-grpc-server.ts";
import type { ServingCertificate } from "./grpc/serving-certificate.ts";
import { servingNames } from "./grpc/serving-names.ts";
import { createIssuance } from "./issuance/issue-certificate.ts";
import { createKubernetes, type Kubernetes } from "./kubernetes/create-kubernetes.ts";
import { pluggedInProblems } from "./offline/plugged-in-problems.ts";
import { createMover } from "./ownership/create-mover.ts";
import { isFirstReplica } from "./ownership/first-replica.ts";
import { type OpenedOwner, openOwner } from "./ownership/open-owner.ts";
import { type CaLedger, createLedger } from "./recording/create-ledger.ts";
import { TransitionLog } from "./recording/transition-log.ts";
import { DirectoryLock } from "./store/directory-lock.ts";
import { prepareStateDirectory, type StateDirectory } from "./store/state-directory.ts";
import { createTelemetry, type Telemetry } from "./telemetry/create-telemetry.ts";
import { createReadiness } from "./telemetry/readiness.ts";
import { StatusEndpoint } from "./telemetry/status-endpoint.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const machine = { isRoot: process.getuid?.() === 0, env: process.env };
const host = { pid: process.pid, hostname: hostname() };

const clock = systemClock;
const writer = createCertificateWriter();
const newSerial = createSerial;
const newReferenceId = () => randomBytes(6).toString("hex");
const neverHolds = () => undefined;
const everySecond = cronSweep("* * * * * *");

const command = serverCommand(version);
await runMain({ command, options: serverOptions(machine), checkFiles, compose }, process);

async function checkFiles(config: ServerConfig, purpose: "run" | "check"): Promise<readonly string[]> {
  const { policy, tokenIssuers } = config;
  const problems = await Promise.all([
    // A running CA keeps the set in use, even if it would be refused today.
    purpose === "check" ? pluggedInProblems(config, clock) : [],
    fileProblems("--policy", policy, loadPolicy),
    fileProblems("--token-issuers", tokenIssuers, loadTokenIssuers),
  ]);
  return problems.flat();
}

/** Creates the rooms of the CA, and returns their components in the order in which they start. */
async function compose(config: ServerConfig, logger: Logger): Promise<Component[]> {
  const common = { config, clock, logger };
  const telemetry = createTelemetry(version);
  const metrics = telemetry.calls;

  const state = await prepareStateDirectory(config.stateDir);
  const lock = new DirectoryLock(state.control, { ...host, clock });
  await lock.start();
  const ledger = await openLedger(state, config, telemetry, logger);

  const options = await loadAuthorityOptions(config);
  const identity = { hostname: host.hostname, newId: newReferenceId, roll: Math.random };
  const kubernetes = createKubernetes({ ...common, ...identity, passphrase: options.passphrase });
  const status = new StatusEndpoint({ address: config.httpAddress, registry: telemetry.registry, logger });
  const owned = await openStateOwner({ state, options, kubernetes, status }, config, logger);
  const authorities = await openAuthorities({ state, options, kubernetes, owned, ledger }, config, logger);
  const { keeper: issuers, rotation } = authorities;

  const authn = await createAuthn({ ...common, authorities: issuers, kubernetes, metrics });
  const admission = createAdmission(common);
  const { policy } = admission;
  const issuance = createIssuance({
    ...authn,
    ...admission,
    policy: () => policy.current(),
    observer: { onIgnored: metrics.requestIgnored, onSharedKey: metrics.keyShared },
    issuers,
    writer,
    newSerial: createWorkloadSerial,
    maxRenewalAgeMs: config.maxRenewalAge,
    ledger: ledger.decisions,
    clock,
  });

  const { trustDomain } = config;
  const names = createPolicyWarnings({ issuers, policy: () => policy.current(), trustDomain, clock });
  const sources = [
    owned,
    authorities,
    authn,
    policy,
    names,
    ...(kubernetes === undefined ? [] : [kubernetes]),
  ];
  const readiness = createReadiness({ issuers, ledger: ledger.log, sources, clock });
  const grpc = createGrpcServer({
    ...common,
    ...{ issuance, issuers, decisions: ledger.decisions, metrics, writer, newSerial, newReferenceId },
    isReady: () => readiness().ready,
    scheduler: createScheduler(clock, cronSweep()),
  });
  const admin = createAdminSocket({
    ...{ path: config.adminSocket ?? state.adminSocket, operations: rotation, newReferenceId, clock, logger },
    compromise: authorities.compromise,
    log: ledger.operators,
    move: createMover(owned, () => kubernetes?.leads() ?? true),
    admission: { decisions: ledger.decisions, onRecord: ledger.index, policy },
  });
  status.serve(readiness);
  telemetry.observe({ authorities: issuers, readiness, grpc: grpc.endpoint, ledger, kubernetes, clock });

  const transitions = followTransitions(
    { authorities, certificate: grpc.certificate, ledger, kubernetes },
    logger,
  );
  const { components } = authorities;
  const cluster = kubernetes?.components ?? [];
  return [
    ...[
      lock,
      ...ledger.components,
      owned.owner,
      transitions,
      policy,
      ...components,
      ...authn.components,
      ...cluster,
    ],
    ...[grpc.certificate, grpc.endpoint, admin, status],
  ];
}

async function openLedger(
  state: StateDirectory,
  config: ServerConfig,
  telemetry: Telemetry,
  logger: Logger,
): Promise<CaLedger> {
  return createLedger({
    directory: await prepareLedgerDirectory(state.ledger),
    trustDomain: config.trustDomain.name,
    newKey: () => generateKeyPairSync("ed25519").privateKey,
    retentionMs: config.ledgerRetention,
    sweeps: { second: everySecond, hour: cronSweep("0 17 * * * *") },
    metrics: telemetry.ledger,
    clock,
    logger,
  });
}

interface AuthoritySources {
  readonly state: StateDirectory;
  readonly options: AuthorityOptions;
  readonly kubernetes: Kubernetes | undefined;
  readonly owned: OpenedOwner;
  readonly ledger: CaLedger;
}

/** Opens the place that owns the CA: the shared Secret or the state directory. */
function openStateOwner(
  {
    state,
    options,
    kubernetes,
    status,
  }: Omit<AuthoritySources, "owned" | "ledger"> & { readonly status: StatusEndpoint },
  config: ServerConfig,
  logger: Logger,
): Promise<OpenedOwner> {
  const { stateDir, stateRoot, podName } = config;
  return openOwner({
    ...{ stateDir, state, options, stateRoot, shared: kubernetes?.shared, clock, logger },
    mayCreate: isFirstReplica(podName),
    onWait: (reason) => status.wait(reason),
    // An unhandled rejection stops the daemon, and its supervisor starts it again.
    fail: (error) => void Promise.reject(error),
  });
}

async function openAuthorities(
  { state, options, kubernetes, owned, ledger }: AuthoritySources,
  config: ServerConfig,
  logger: Logger,
): Promise<Authorities> {
  return createAuthorities({
    state,
    options,
    backing: owned.owner.backing,
    takeOver: async () => kubernetes?.takeOver(),
    leads: () => kubernetes?.leads() ?? true,
    gate: timeGate,
    holds: neverHolds,
    holders: (authorities, now) => ledger.index.holders(authorities, now),
    sweeps: {
      starts: cronSweep(config.rotationSchedule),
      advances: everySecond,
      bundle: cronSweep(),
      expiry: cronSweep("0 * * * * *"),
    },
    writer,
    newSerial,
    rehearse: rehearsalOf(config),
    clock,
    logger,
  });
}

/** Tries authorities with the names that this configuration lets the CA issue. */
function rehearsalOf({ trustDomain, policy, serverSan, trustedNodeAccount }: ServerConfig): Rehearse {
  return createRehearsal({
    ...{ writer, trustDomain, clock },
    serverNames: servingNames(serverSan),
    dnsNames: policyDnsNames(policy, trustDomain),
    hasNodeProxies: trustedNodeAccount.length > 0,
  });
}

interface TransitionFollowers {
  readonly authorities: Authorities;
  readonly certificate: ServingCertificate;
  readonly ledger: CaLedger;
  readonly kubernetes: Kubernetes | undefined;
}

/** Makes every transition of the authorities take effect in the other rooms, and returns the log of transitions. */
function followTransitions(followers: TransitionFollowers, logger: Logger): TransitionLog {
  const { authorities, certificate, ledger, kubernetes } = followers;
  const { keeper, publicBundle, rotation } = authorities;
  const sweep = cronSweep("30 * * * * *");
  const transitions = new TransitionLog({
    ...{ log: ledger.log, state: () => keeper.state, sweep, clock, logger },
  });
  keeper.onTransition(createTransitionObserver({ publicBundle, certificate, keeper, logger }));
  keeper.onTransition(() => kubernetes?.publish(keeper.trustBundle()));
  keeper.onTransition(() => transitions.changed());
  kubernetes?.publish(keeper.trustBundle());
  kubernetes?.onLeading(() => void rotation.look(true));
  logger.info("authorities in use", authoritiesInUse(keeper.state));
  return transitions;
}
