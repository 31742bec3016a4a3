import { createSerial, type KeyType, parseTrustDomain } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { DurableFs, Secret } from "@kasbah/runtime";
import {
  type FakeClock,
  type ManualSweep,
  manualSweep,
  type RecordingLogger,
  recordingLogger,
} from "@kasbah/testkit";
import { servingNames } from "../config/serving-names.ts";
import { prepareStateDirectory } from "../store/state-directory.ts";
import { openDirectoryBacking } from "./backing.ts";
import type { CompromiseOperations } from "./compromise/operations.ts";
import type { HolderSource } from "./compromise/preview.ts";
import { type Authorities, createAuthorities } from "./create-authorities.ts";
import type { AuthorityKeeper } from "./keeper.ts";
import type { AuthorityKeys } from "./keys/authority-keys.ts";
import { PluggedInSource } from "./plugged-in/source.ts";
import type { Rehearse } from "./rehearsal/candidate.ts";
import { createRehearsal } from "./rehearsal/rehearse.ts";
import { timeGate } from "./rotation/gates/rotation-gate.ts";
import type { RotationDriver } from "./rotation-driver.ts";

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
  readonly minStageMs?: number;
  readonly keepRetiredKeysMs?: number;
  readonly holds?: () => string | undefined;
  readonly leads?: () => boolean;
  readonly pluggedInDirectory?: string;
  readonly passphrase?: Secret;
  readonly fs?: DurableFs;
  /** Replaces the rehearsal of a CA without a policy. */
  readonly rehearse?: Rehearse;
  /** For a CA that was created before this release. */
  readonly builtAt?: Date;
  readonly holders?: HolderSource;
}

/** The authorities of a real state directory, with a clock that the test advances. */
export interface AuthoritiesOnDisk {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly driver: RotationDriver;
  readonly compromise: CompromiseOperations;
  /** Triggers the check whether a rotation should start. */
  readonly starts: ManualSweep;
  readonly logger: RecordingLogger;
  readonly rootClients: Authorities["rootClients"];
  readonly requests: Authorities["requests"];
  /** Reads the plugged-in directory again, as the watch does. */
  takePluggedIn(): Promise<void>;
  warnings(): readonly string[];
}

/** The rehearsal of a CA without a policy. */
export function testRehearsal(
  clock: FakeClock,
  trustDomain = parseTrustDomain("cluster.local"),
  dnsNames: readonly string[] = [],
): Rehearse {
  return createRehearsal({
    ...{ writer, trustDomain, clock, hasNodeProxies: false },
    serverNames: servingNames({ additional: [], ownSpiffeId: undefined }),
    dnsNames: async () => dnsNames,
  });
}

/** Opens a state directory in the same way as the server does at start-up. */
export async function openOnDisk(options: OnDiskOptions): Promise<AuthoritiesOnDisk> {
  const { path, clock } = options;
  const logger = recordingLogger();
  const starts = manualSweep();
  const authorityOptions = {
    profile: {
      trustDomain: parseTrustDomain(options.trustDomain ?? "cluster.local"),
      keyType: options.keyType ?? "P-256",
      rootTtlMs: options.rootTtlMs ?? 3650 * dayMs,
      intermediateTtlMs: options.intermediateTtlMs ?? 365 * dayMs,
      withIntermediate: options.withIntermediate ?? true,
      nameConstraints: options.nameConstraints ?? false,
    },
    pluggedInDirectory: options.pluggedInDirectory,
    passphrase: options.passphrase,
    automatic: options.automatic ?? true,
    minStageMs: options.minStageMs ?? 0,
    keepRetiredKeysMs: options.keepRetiredKeysMs ?? 7 * dayMs,
    maxTtlMs: 90 * dayMs,
  };
  const { sweep } = manualSweep();
  const state = await prepareStateDirectory(path);
  const { fs } = options;
  const { trustDomain } = authorityOptions.profile;
  const rehearse = options.rehearse ?? testRehearsal(clock, trustDomain);
  const authorities = await createAuthorities({
    state,
    options: authorityOptions,
    backing: await openDirectoryBacking({ state, options: authorityOptions, clock, logger, fs }),
    gate: timeGate,
    holds: options.holds ?? (() => undefined),
    leads: options.leads ?? (() => true),
    holders: options.holders ?? (async () => []),
    onDestroyKey: async () => undefined,
    sweeps: { starts: starts.sweep, advances: sweep, bundle: sweep, expiry: sweep },
    writer,
    newSerial: createSerial,
    rehearse,
    ...(options.builtAt === undefined ? {} : { builtAt: options.builtAt }),
    clock,
    logger,
  });
  const { keeper, keys, rotation, compromise, rootClients, requests } = authorities;
  const takePluggedIn = async () => {
    for (const one of authorities.components) if (one instanceof PluggedInSource) await one.take();
  };
  const warnings = () => authorities.warnings();
  const operators = { driver: rotation, compromise, rootClients, requests };
  return { keeper, keys, ...operators, starts, logger, takePluggedIn, warnings };
}
