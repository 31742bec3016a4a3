import type { CertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import { PublicBundle } from "../store/public-bundle.ts";
import type { StateDirectory } from "../store/state-directory.ts";
import type { AuthorityOptions } from "./authority-options.ts";
import type { AuthorityBacking } from "./backing.ts";
import { Distruster } from "./compromise/distruster.ts";
import type { CompromiseOperations } from "./compromise/operations.ts";
import type { HolderSource } from "./compromise/preview.ts";
import { ExpiryWatch } from "./expiry/watch.ts";
import { CrossCertifier } from "./fixed-roots/cross-certifier.ts";
import { createHoldersGate } from "./fixed-roots/holders-gate.ts";
import { RootClients } from "./fixed-roots/root-clients.ts";
import { watchClients } from "./fixed-roots/unproven-clients.ts";
import type { AuthorityKeeper } from "./keeper.ts";
import { AuthorityKeys } from "./keys/authority-keys.ts";
import { loadKeys, openAuthorities } from "./open-authorities.ts";
import { forPublication } from "./plugged-in/earlier-releases.ts";
import type { PluggedInSet } from "./plugged-in/load-set.ts";
import { PluggedInSource } from "./plugged-in/source.ts";
import type { Rehearse } from "./rehearsal/candidate.ts";
import { AuthorityRequestDesk } from "./requests/authority-requests.ts";
import type { RotationGate } from "./rotation/gates/rotation-gate.ts";
import type { StoredAuthority } from "./rotation/stored-authority.ts";
import { RotationDriver } from "./rotation-driver.ts";
import { SelfSigned } from "./self-signed.ts";

export interface AuthoritiesDeps {
  readonly state: StateDirectory;
  readonly options: AuthorityOptions;
  readonly backing: AuthorityBacking;
  readonly gate: RotationGate;
  /** The reason why nothing irreversible may happen now; undefined if nothing holds. */
  readonly holds: () => string | undefined;
  readonly sweeps: {
    /** When to check whether a rotation should start. */
    readonly starts: Sweep;
    /** When to check whether a stage may end. */
    readonly advances: Sweep;
    readonly bundle: Sweep;
    readonly expiry: Sweep;
  };
  readonly writer: CertificateWriter;
  readonly newSerial: () => Uint8Array;
  /** Tries every authority before its first use. */
  readonly rehearse: Rehearse;
  /** No root is created before this date; by default that of the release. */
  readonly builtAt?: Date;
  readonly clock: Clock;
  /** The time of the stages, which may lag behind `clock` but must not lead. The default is `clock`. */
  readonly stageClock?: Clock;
  readonly logger: Logger;
  /** Returns an existing CA to adopt if nothing is plugged in and no authority exists yet. */
  readonly takeOver?: () => Promise<PluggedInSet | undefined>;
  /** Finds the workloads that hold certificates of an authority. */
  readonly holders: HolderSource;
  /** Called when a key that the CA does not keep in memory is no longer used. */
  readonly onForgottenKey?: () => void;
  /** Records that the key of a retired authority is about to be destroyed. */
  readonly onDestroyKey: (authority: StoredAuthority) => Promise<void>;
  /** Whether this process may perform the tasks that only one replica may perform. The default is always. */
  readonly leads?: () => boolean;
}

/** The authorities with everything that maintains them. */
export interface Authorities {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly rotation: RotationDriver;
  readonly compromise: CompromiseOperations;
  readonly publicBundle: PublicBundle;
  readonly rootClients: RootClients;
  readonly requests: AuthorityRequestDesk;
  /** The components in the order in which they start. */
  readonly components: readonly Component[];
  /** The reasons why no certificate can be issued now. */
  troubles(): readonly string[];
  /** Conditions that need an operator's attention, one sentence each. */
  warnings(): readonly string[];
  /** The number of roots that an operator provided and that the CA cannot use. */
  readonly skippedRoots: number;
}

/** Opens the authorities of a state directory that this process has locked. @throws StateError */
export async function createAuthorities(deps: AuthoritiesDeps): Promise<Authorities> {
  const { state, options, backing, sweeps, writer, newSerial, clock, logger } = deps;
  const { rehearse } = deps;
  const { profile } = options;
  const keys = new AuthorityKeys(backing.vault, { onForgotten: deps.onForgottenKey });
  const built = deps.builtAt === undefined ? {} : { builtAt: deps.builtAt };
  const selfSigned = new SelfSigned({ profile, keys, writer, newSerial, rehearse, ...built, clock });
  const takeOver = deps.takeOver === undefined ? {} : { takeOver: deps.takeOver };
  const { store } = backing;
  const common = { keys, rehearse, clock, logger };
  const keeper = await openAuthorities({
    ...{ ...common, store, options, selfSigned, ...takeOver },
    stateSweep: sweeps.advances,
  });
  backing.onForeignChange?.({
    prepare: (next) => loadKeys(next, keys),
    changed: (next, before) => keeper.noticed(next, before),
  });
  const bundle = () => forPublication(keeper.trustBundle());
  const publicBundle = new PublicBundle({ path: state.publicBundle, bundle, sweep: sweeps.bundle, logger });
  const rootClients = new RootClients({ keeper, clock, logger });
  const requests = new AuthorityRequestDesk({
    ...{ keeper, keys, profile, writer, newSerial, rehearse, clock, logger },
    onPrepared: () => rotation.look(false),
  });
  const parts = { keeper, keys, selfSigned, rootClients, requests };
  const rotation: RotationDriver = createRotation(deps, parts);
  const { holders } = deps;
  const operate = (act: () => Promise<unknown>) => rotation.operate(act);
  const compromise = new Distruster({ keeper, selfSigned, operate, holders, clock, logger });
  const pluggedIn = createPluggedIn(deps, keeper, keys, rotation);
  const expiry = new ExpiryWatch({ authorities: keeper, sweep: sweeps.expiry, clock, logger });
  return {
    keeper,
    keys,
    rotation,
    compromise,
    publicBundle,
    rootClients,
    requests,
    components: [keeper.stateTrouble, publicBundle, rotation, ...pluggedIn, expiry],
    troubles: () => keeper.stateTrouble.troubles(),
    get skippedRoots() {
      return pluggedIn.reduce((sum, source) => sum + source.skippedRoots, 0);
    },
    warnings: () => [
      ...rotation.status().warnings,
      ...keeper.stateTrouble.warnings(),
      ...rootClients.warnings(),
      ...pluggedIn.flatMap((source) => source.warnings()),
      ...selfSigned.warnings(),
    ],
  };
}

interface RotatingParts {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly selfSigned: SelfSigned;
  readonly rootClients: RootClients;
  readonly requests: AuthorityRequestDesk;
}

function createRotation(deps: AuthoritiesDeps, parts: RotatingParts): RotationDriver {
  const { options, sweeps, writer, newSerial, holds, onDestroyKey, clock, logger } = deps;
  const { profile, automatic, minStageMs, keepRetiredKeysMs } = options;
  const { keeper, keys, rootClients, requests } = parts;
  const { starts, advances } = sweeps;
  const crosses = new CrossCertifier({ keeper, keys, writer, newSerial, clock, logger });
  return new RotationDriver({
    ...{ ...parts, profile, gate: createHoldersGate(deps.gate), holds, onDestroyKey },
    ...{ automatic, minStageMs, keepRetiredKeysMs, starts, advances },
    leads: deps.leads ?? (() => true),
    async beforeAdvance() {
      await crosses.ensure();
      await keeper.transition((current) => watchClients(current, clock.now()));
      if (holds() === undefined) await requests.look();
    },
    rootClients: () => rootClients.list(),
    clock: deps.stageClock ?? clock,
    logger,
  });
}

function createPluggedIn(
  { options, rehearse, clock, logger }: AuthoritiesDeps,
  keeper: AuthorityKeeper,
  keys: AuthorityKeys,
  rotation: RotationDriver,
): PluggedInSource[] {
  const { pluggedInDirectory: directory, passphrase, profile } = options;
  if (directory === undefined) return [];
  const { trustDomain } = profile;
  const onPrepared = () => rotation.look(false);
  const deps = { directory, trustDomain, passphrase, keeper, keys, onPrepared, rehearse, clock, logger };
  return [new PluggedInSource(deps)];
}
