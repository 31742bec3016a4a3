import { ConfigInvalidError, createScheduler, lateSweep, type Sweep } from "@kasbah/runtime";
import type { AgentDeps } from "../agent-deps.ts";
import { caRootPath, renewsInPlace } from "../config/places.ts";
import { AgentError } from "../errors.ts";
import { resolveIdentity } from "../identity.ts";
import { RotationDemand } from "../rotation/demand.ts";
import { RotationLoop } from "../rotation/rotation-loop.ts";
import type { RotationObserver, SecretSource } from "../rotation/rotator.ts";
import { Wake } from "../rotation/wake.ts";
import type { Supply } from "../secret/supply.ts";
import type { CertificateAuthority } from "./ca-client.ts";
import { type CaSourceDeps, createCaSource } from "./create-sources.ts";
import { readToken } from "./credentials/token-file.ts";
import { watchTokenFile } from "./credentials/token-file-watch.ts";
import { HeldRoots, type TrustedRoots } from "./roots/held-roots.ts";
import { watchRootFile } from "./roots/root-file-watch.ts";

export interface CaSupplyDeps extends AgentDeps {
  /** Creates the observers that only an agent with a CA needs, together with their metrics. */
  createObservers(): {
    readonly rotations: RotationObserver;
    readonly replies: CaSourceDeps["replies"] & { readonly clockWarning: string | undefined };
    readonly count: CaSourceDeps["count"];
  };
  /** Undefined if rotations are not traced. */
  readonly tracing?: RotationTracing | undefined;
}

/** Follows each attempt to rotate, and its calls to the CA. */
export interface RotationTracing {
  traceRotations(source: SecretSource): SecretSource;
  traceCalls(authority: CertificateAuthority): CertificateAuthority;
}

/** Creates the rotation loop and the file watches that make it retry sooner. */
export async function createCaSupply(deps: CaSupplyDeps): Promise<Supply> {
  const { config, store, skippedRoots, clock, roll, logger } = deps;
  await refuseContradiction(config);
  const fileRoots = rootsFromFile(deps);
  const roots: TrustedRoots = fileRoots ?? (await systemRoots(() => store.state() === "expired"));
  const { rotations: observer, replies, count: counted } = deps.createObservers();
  const { tracing } = deps;
  const count: CaSourceDeps["count"] = (authority) =>
    tracing === undefined ? counted(authority) : tracing.traceCalls(counted(authority));
  const wake = new Wake();
  const onChange = () => wake.ring();
  const demand = new RotationDemand(clock, wake);
  const { environment } = deps;
  const common = { roots, store, skippedRoots, clock, logger, environment };
  const untraced = await createCaSource(config, { ...common, replies, count });
  const source = tracing === undefined ? untraced : tracing.traceRotations(untraced);
  const rotation = new RotationLoop({
    source: demand.watchAttempts(source),
    store,
    policy: { graceRatio: config.gracePeriodRatio, jitter: config.gracePeriodJitter },
    clock,
    scheduler: createScheduler(clock, lateSweep(clock, loadSweep)),
    roll,
    observer: demand.watchOutcomes(observer),
    wake,
    demand,
  });
  const tokenFile = watchTokenFile({ path: config.tokenFile, onChange, clock, logger });
  const rootFile =
    fileRoots &&
    watchRootFile({ path: caRootPath(config), roots: fileRoots, store, onChange, clock, logger });
  return {
    components: [rotation, tokenFile, ...(rootFile ? [rootFile] : [])],
    caAddresses: config.caAddresses,
    cache: fileRoots && { roots: fileRoots, changes: wake },
    mountedCerts: undefined,
    demand,
    clockOffsetMs: () => replies.clockOffsetMs,
    warnings: () => (replies.clockWarning === undefined ? [] : [replies.clockWarning]),
  };
}

function rootsFromFile({ config, skippedRoots, logger }: AgentDeps): HeldRoots | undefined {
  const path = caRootPath(config);
  if (path === "SYSTEM") return undefined;
  return new HeldRoots(path, logger, { isOurOutput: renewsInPlace(config), skippedRoots });
}

async function loadSweep(): Promise<Sweep> {
  const { cronSweep } = await import("@kasbah/runtime/cron");
  return cronSweep();
}

async function systemRoots(isLost: () => boolean): Promise<TrustedRoots> {
  const { SystemRoots } = await import("./roots/system-roots.ts");
  return new SystemRoots(isLost);
}

/**
 * If the token contradicts the flags, the agent does not start. A missing token does not prevent the start.
 */
async function refuseContradiction(config: AgentDeps["config"]): Promise<void> {
  try {
    resolveIdentity((await readToken(config.tokenFile)).reveal(), config);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    if (error.code === "CONFIG_INVALID") throw new ConfigInvalidError([error.message]);
  }
}
