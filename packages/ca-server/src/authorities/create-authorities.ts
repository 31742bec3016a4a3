import type { CertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock, Component, DurableFs, Logger, Sweep } from "@kasbah/runtime";
import { PublicBundle } from "../store/public-bundle.ts";
import type { StateDirectory } from "../store/state-directory.ts";
import type { AuthorityKeeper } from "./authority-keeper.ts";
import type { AuthoritySettings } from "./authority-settings.ts";
import { ExpiryWatch } from "./expiry-watch.ts";
import { AuthorityKeys } from "./keys/authority-keys.ts";
import { DirectoryVault } from "./keys/directory-vault.ts";
import { openAuthorities } from "./open-authorities.ts";
import { PluggedInSource } from "./plugged-in/plugged-in-source.ts";
import type { RotationGate } from "./rotation/rotation-gate.ts";
import { RotationDriver } from "./rotation-driver.ts";
import { SelfSigned } from "./self-signed.ts";

export interface AuthoritiesParts {
  readonly state: StateDirectory;
  readonly settings: AuthoritySettings;
  readonly gate: RotationGate;
  readonly sweeps: {
    /** When a rotation that is due may start. */
    readonly starts: Sweep;
    /** When to look whether a stage may end. */
    readonly advances: Sweep;
    readonly bundle: Sweep;
    readonly expiry: Sweep;
  };
  readonly writer: CertificateWriter;
  readonly newSerial: () => Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How keys and state are written; the system's file calls unless given. */
  readonly fs?: DurableFs;
}

/** Everything about the CA's own keys, put together. */
export interface Authorities {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly rotation: RotationDriver;
  readonly publicBundle: PublicBundle;
  /** What runs; in the order in which it starts. */
  readonly components: readonly Component[];
  /** What an operator should look at, in sentences. */
  warnings(): readonly string[];
}

/** Opens the authorities of a state directory that this process has locked. @throws StateError */
export async function createAuthorities(parts: AuthoritiesParts): Promise<Authorities> {
  const { state, settings, gate, sweeps, writer, newSerial, clock, logger, fs } = parts;
  const { profile, passphrase, automatic } = settings;
  const keys = new AuthorityKeys(new DirectoryVault({ directory: state.authorities, passphrase, fs }));
  const selfSigned = new SelfSigned({ profile, keys, writer, newSerial, clock });
  const keeper = await openAuthorities({ state, settings, keys, selfSigned, clock, logger, fs });
  const bundle = () => keeper.trustBundle();
  const publicBundle = new PublicBundle({ path: state.publicBundle, bundle, sweep: sweeps.bundle, logger });
  const { starts, advances } = sweeps;
  const rotation = new RotationDriver({
    keeper,
    selfSigned,
    profile,
    gate,
    automatic,
    starts,
    advances,
    clock,
    logger,
  });
  const pluggedIn = createPluggedIn(parts, keeper, keys, rotation);
  const expiry = new ExpiryWatch({ authorities: keeper, sweep: sweeps.expiry, clock, logger });
  return {
    keeper,
    keys,
    rotation,
    publicBundle,
    components: [publicBundle, rotation, ...pluggedIn, expiry],
    warnings: () => [...rotation.status().warnings, ...pluggedIn.flatMap(({ problem }) => problem ?? [])],
  };
}

function createPluggedIn(
  { settings, clock, logger }: AuthoritiesParts,
  keeper: AuthorityKeeper,
  keys: AuthorityKeys,
  rotation: RotationDriver,
): PluggedInSource[] {
  const { pluggedInDirectory: directory, passphrase, profile } = settings;
  if (directory === undefined) return [];
  const { trustDomain } = profile;
  const onPrepared = () => rotation.look(false);
  return [
    new PluggedInSource({ directory, trustDomain, passphrase, keeper, keys, onPrepared, clock, logger }),
  ];
}
