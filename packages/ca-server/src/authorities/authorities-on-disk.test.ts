import { createSerial, type KeyType, parseTrustDomain } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Secret } from "@kasbah/runtime";
import {
  type FakeClock,
  type ManualSweep,
  manualSweep,
  type RecordingLogger,
  recordingLogger,
} from "@kasbah/testkit";
import { prepareStateDirectory, showsFormerRoot } from "../store/state-directory.ts";
import type { AuthorityKeeper } from "./authority-keeper.ts";
import { AuthorityKeys } from "./authority-keys.ts";
import { openAuthorities } from "./open-authorities.ts";
import { RotationDriver } from "./rotation-driver.ts";
import { timeGate } from "./rotation-gate.ts";
import { SelfSigned } from "./self-signed.ts";

const writer = createCertificateWriter();
export const dayMs = 86_400_000;

export interface OnDiskOptions {
  readonly path: string;
  readonly clock: FakeClock;
  readonly trustDomain?: string;
  readonly keyType?: KeyType;
  readonly rootTtlMs?: number;
  readonly intermediateTtlMs?: number;
  readonly withIntermediate?: boolean;
  readonly nameConstraints?: boolean;
  readonly automatic?: boolean;
  readonly pluggedInDirectory?: string;
  readonly passphrase?: Secret;
}

/** The authorities of a real state directory with a clock that the test moves. */
export interface AuthoritiesOnDisk {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly driver: RotationDriver;
  /** When rotations may start. */
  readonly starts: ManualSweep;
  readonly logger: RecordingLogger;
}

/** Opens a state directory as the server does at its start. */
export async function openOnDisk(options: OnDiskOptions): Promise<AuthoritiesOnDisk> {
  const { path, clock, passphrase } = options;
  const logger = recordingLogger();
  const trustDomain = parseTrustDomain(options.trustDomain ?? "cluster.local");
  const profile = {
    trustDomain,
    keyType: options.keyType ?? "P-256",
    rootTtlMs: options.rootTtlMs ?? 3650 * dayMs,
    intermediateTtlMs: options.intermediateTtlMs ?? 365 * dayMs,
    withIntermediate: options.withIntermediate ?? true,
    nameConstraints: options.nameConstraints ?? false,
  };
  const state = await prepareStateDirectory(path);
  const keys = new AuthorityKeys({ directory: state.authorities, passphrase });
  const selfSigned = new SelfSigned({ profile, keys, writer, newSerial: createSerial, clock });
  const keeper = await openAuthorities({
    directory: state.control,
    trustDomain,
    hadRoot: await showsFormerRoot(state),
    pluggedInDirectory: options.pluggedInDirectory,
    passphrase,
    maxTtlMs: 90 * dayMs,
    keys,
    selfSigned,
    clock,
    logger,
  });
  const starts = manualSweep();
  const driver = new RotationDriver({
    keeper,
    selfSigned,
    profile,
    gate: timeGate,
    automatic: options.automatic ?? true,
    starts: starts.sweep,
    advances: manualSweep().sweep,
    clock,
    logger,
  });
  return { keeper, keys, driver, starts, logger };
}
