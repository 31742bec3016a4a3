import type { Clock, DurableFs, Logger } from "@kasbah/runtime";
import { ControlStore } from "../store/control/control-store.ts";
import { type StateDirectory, showsFormerRoot } from "../store/state-directory.ts";
import type { AuthorityOptions } from "./authority-options.ts";
import { DirectoryVault } from "./keys/directory-vault.ts";
import type { KeyVault } from "./keys/key-vault.ts";
import { type AuthorityState, emptyState } from "./rotation/authority-state.ts";
import { coverUnknownLeaves } from "./rotation/leaf-horizon.ts";
import { decodeState, encodeState } from "./state-codec.ts";
import type { ForeignChangeListener, StateStore } from "./state-store.ts";

/** Stores the authorities' state and keys. */
export interface AuthorityBacking {
  readonly store: StateStore<AuthorityState>;
  readonly vault: KeyVault;
  /** Registers a listener for changes by other replicas; undefined if no other replica can exist. */
  onForeignChange?(listener: ForeignChangeListener<AuthorityState>): void;
}

export interface DirectoryBackingDeps {
  readonly state: StateDirectory;
  readonly options: Pick<AuthorityOptions, "passphrase" | "maxTtlMs">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fs?: DurableFs | undefined;
}

/** Encodes the state as JSON, for every kind of storage. */
export const authorityCodec = { encode: encodeState, decode: decodeState };

/**
 * Stores the authorities in the state directory. If a root was in use, missing state is a loss, and never a
 * reason to start a new CA.
 *
 * @throws StateError `STATE_MISSING`, `STATE_DAMAGED`, `STATE_NOT_DURABLE`
 */
export async function openDirectoryBacking(deps: DirectoryBackingDeps): Promise<AuthorityBacking> {
  const { state, options, clock, logger, fs } = deps;
  const hadRoot = await showsFormerRoot(state);
  const store = await ControlStore.open<AuthorityState>({
    directory: state.control,
    codec: authorityCodec,
    initial: hadRoot ? undefined : () => emptyState,
    recover: (found) => coverUnknownLeaves(found, clock.now(), options.maxTtlMs),
    logger,
    ...(fs === undefined ? {} : { fs }),
  });
  const { passphrase } = options;
  return { store, vault: new DirectoryVault({ directory: state.authorities, passphrase, fs }) };
}
