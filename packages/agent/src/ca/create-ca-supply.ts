import { ConfigInvalidError, createScheduler, cronSweep } from "@kasbah/runtime";
import type { Ground } from "../agent-deps.ts";
import type { AgentConfig } from "../config/command.ts";
import { caRootOf, renewsInPlace } from "../config/places.ts";
import { AgentError } from "../errors.ts";
import { resolveIdentity } from "../identity.ts";
import { Rotation } from "../rotation/rotation-loop.ts";
import { Wake } from "../rotation/wake.ts";
import type { Supply } from "../secret/supply.ts";
import { observeReplies } from "../telemetry/reply-events.ts";
import { RotationAlarm } from "../telemetry/rotation-alarm.ts";
import { countCalls, type RotationEvents } from "../telemetry/rotation-events.ts";
import type { CertificateAuthority } from "./ca-client.ts";
import { sourceOf } from "./create-sources.ts";
import { readToken } from "./credentials/token-file.ts";
import { watchTokenFile } from "./credentials/token-file-watch.ts";
import { HeldRoots, type TrustedRoots } from "./roots/held-roots.ts";
import { watchRootFile } from "./roots/root-file-watch.ts";

/** Rotation, and the files whose change lets it try again sooner. */
export async function composeCaSupply(ground: Ground, events: RotationEvents): Promise<Supply> {
  const { config, store, registry, metrics, clock, roll, logger } = ground;
  await refuseContradiction(config);
  const fileRoots = rootsOfFile(ground);
  const roots: TrustedRoots = fileRoots ?? (await systemRoots(() => store.state() === "expired"));
  const replies = observeReplies(registry);
  const count = (authority: CertificateAuthority) => countCalls(authority, metrics, clock);
  const wake = new Wake();
  const onChange = () => wake.ring();
  const rotation = new Rotation({
    source: await sourceOf(config, { roots, store, clock, logger, replies, count }),
    store,
    policy: { graceRatio: config.gracePeriodRatio, jitter: config.gracePeriodJitter },
    clock,
    scheduler: createScheduler(clock, cronSweep()),
    roll,
    observer: new RotationAlarm(store, registry, logger).around(events),
    wake,
  });
  const tokenFile = watchTokenFile({ path: config.tokenFile, onChange, clock, logger });
  const rootFile =
    fileRoots && watchRootFile({ path: caRootOf(config), roots: fileRoots, store, onChange, clock, logger });
  return {
    components: [rotation, tokenFile, ...(rootFile ? [rootFile] : [])],
    events,
    caAddresses: config.caAddresses,
    cache: fileRoots && { roots: fileRoots, changes: wake },
    mountedCerts: undefined,
    clockOffsetMs: () => replies.clockOffsetMs,
    warnings: () => (replies.clockWarning === undefined ? [] : [replies.clockWarning]),
  };
}

function rootsOfFile({ config, logger }: Ground): HeldRoots | undefined {
  const path = caRootOf(config);
  if (path === "SYSTEM") return undefined;
  return new HeldRoots(path, logger, { isOurOutput: renewsInPlace(config) });
}

async function systemRoots(isLost: () => boolean): Promise<TrustedRoots> {
  const { SystemRoots } = await import("./roots/system-roots.ts");
  return new SystemRoots(isLost);
}

/** A token that is there and says another name than the flags ends the start; one that is not there yet does not. */
async function refuseContradiction(config: AgentConfig): Promise<void> {
  try {
    resolveIdentity((await readToken(config.tokenFile)).reveal(), config);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    if (error.code === "CONFIG_INVALID") throw new ConfigInvalidError([error.message]);
  }
}
