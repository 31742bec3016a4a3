import type { Clock, DurableFs, Logger } from "@kasbah/runtime";
import { ControlStore } from "../store/control/control-store.ts";
import { type StateDirectory, showsFormerRoot } from "../store/state-directory.ts";
import type { StateStore } from "../store/state-store.ts";
import { DirectoryVault } from "./keys/directory-vault.ts";
import type { KeyVault } from "./keys/key-vault.ts";
import { type AuthorityState, emptyState } from "./rotation/authority-state.ts";
import { coverUnknownLeaves } from "./rotation/leaf-horizon.ts";
import type { AuthoritySettings } from "./settings.ts";
import { decodeState, encodeState } from "./state-codec.ts";

/** What keeps the authorities: their state, and their keys. */
export interface AuthorityBacking {
  readonly store: StateStore<AuthorityState>;
  readonly vault: KeyVault;
  /** Told of what other replicas decide, where there can be others. */
  onForeignChange?(foreign: ForeignChanges): void;
}

/** Acts on what another replica has decided. */
export interface ForeignChanges {
  /** Makes ready what the next state needs; it comes into force afterwards. */
  prepare(next: AuthorityState): Promise<void>;
  changed(next: AuthorityState, before: AuthorityState): void;
}

export interface DirectoryBackingParts {
  readonly state: StateDirectory;
  readonly settings: Pick<AuthoritySettings, "passphrase" | "maxTtlMs">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fs?: DurableFs | undefined;
}

/** The JSON of the state, wherever it is kept. */
export const authorityCodec = { encode: encodeState, decode: decodeState };

/**
 * Keeps the authorities in the state directory. Where a root was in use, missing state is a loss and not a beginning.
 *
 * @throws StateError `STATE_MISSING`, `STATE_DAMAGED`, `STATE_NOT_DURABLE`
 */
export async function openDirectoryBacking(parts: DirectoryBackingParts): Promise<AuthorityBacking> {
  const { state, settings, clock, logger, fs } = parts;
  const hadRoot = await showsFormerRoot(state);
  const store = await ControlStore.open<AuthorityState>({
    directory: state.control,
    codec: authorityCodec,
    initial: hadRoot ? undefined : () => emptyState,
    recover: (found) => coverUnknownLeaves(found, clock.now(), settings.maxTtlMs),
    logger,
    ...(fs === undefined ? {} : { fs }),
  });
  const { passphrase } = settings;
  return { store, vault: new DirectoryVault({ directory: state.authorities, passphrase, fs }) };
}
