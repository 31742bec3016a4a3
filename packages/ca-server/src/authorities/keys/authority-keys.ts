import type { SigningKey } from "@kasbah/pki";
import { StateError } from "../../errors.ts";
import type { StoredAuthority } from "../rotation/stored-authority.ts";
import type { SigningPair } from "./authority-files.ts";
import type { KeyVault } from "./key-vault.ts";

export interface AuthorityKeysOptions {
  /** Called when a key that this process does not hold was in its memory and is no longer used. */
  readonly onForgotten?: (() => void) | undefined;
}

/**
 * The keys of the authorities in use. It holds those that sign leaves. A root above intermediates is loaded from
 * the vault for each signature, so that the memory of an idle process does not contain its key.
 */
export class AuthorityKeys {
  readonly #vault: KeyVault;
  readonly #onForgotten: () => void;
  readonly #held = new Map<string, SigningPair>();
  /** The fingerprints of the certificates whose keys were checked, by id. */
  readonly #checked = new Map<string, string>();

  constructor(vault: KeyVault, { onForgotten = () => undefined }: AuthorityKeysOptions = {}) {
    this.#vault = vault;
    this.#onForgotten = onForgotten;
  }

  /** Returns the key of an authority that this process holds. @throws TypeError for any other id */
  of(id: string): SigningPair {
    const pair = this.#held.get(id);
    if (pair === undefined) throw new TypeError(`the key of ${id} was not loaded`);
    return pair;
  }

  /** The key of an authority that certifies others, loaded for each signature. */
  certifier(authority: Pick<StoredAuthority, "id" | "certificate">): SigningKey {
    return {
      publicKey: authority.certificate.publicKey,
      sign: async (data) => {
        try {
          return (await this.#stored(authority)).keyPair.sign(data);
        } finally {
          this.#onForgotten();
        }
      },
    };
  }

  /**
   * Loads the key of an authority and holds it. @throws StateError if it is missing, incomplete or belongs to
   * another certificate
   */
  async load(authority: StoredAuthority): Promise<void> {
    this.hold(authority.id, await this.#stored(authority));
  }

  /** Checks the key of an authority like {@link load}, once, without holding it. @throws StateError */
  async check(authority: StoredAuthority): Promise<void> {
    const { id, certificate } = authority;
    if (this.#checked.get(id) === certificate.fingerprint) return;
    await this.#stored(authority).finally(this.#onForgotten);
    this.#checked.set(id, certificate.fingerprint);
  }

  /** Holds a pair that the vault stores, so that it can sign leaves. */
  hold(id: string, pair: SigningPair): void {
    this.#held.set(id, pair);
  }

  /**
   * Returns the pair stored under an id, whether the state names it or not; undefined if there is none.
   * @throws StateError if the pair is incomplete
   */
  find(id: string): Promise<SigningPair | undefined> {
    return this.#vault.find(id);
  }

  /**
   * Makes a new key durable under its id, without holding it. @throws StateError `STATE_NOT_DURABLE`;
   * `AUTHORITY_MISMATCH` if the id is taken
   */
  async keep(id: string, pair: SigningPair): Promise<void> {
    const isOurs = await this.#vault.put(id, pair);
    if (!isOurs)
      throw new StateError("AUTHORITY_MISMATCH", `${this.#vault.placeOf(id)} already holds another key`);
    this.#onForgotten();
  }

  /** Whether the vault still holds the key of an authority. */
  exists(id: string): Promise<boolean> {
    return this.#vault.holdsKey(id);
  }

  /** Makes the key of an authority that no longer signs leaves unusable in this process. The vault keeps it. */
  unload(id: string): void {
    if (this.#held.delete(id)) this.#onForgotten();
  }

  /** Destroys the key of a retired authority. Returns whether one existed. */
  destroy(id: string): Promise<boolean> {
    this.unload(id);
    this.#checked.delete(id);
    return this.#vault.remove(id);
  }

  async #stored({ id, certificate }: Pick<StoredAuthority, "id" | "certificate">): Promise<SigningPair> {
    const pair = await this.#vault.find(id);
    if (pair === undefined) {
      throw new StateError(
        "AUTHORITY_INCOMPLETE",
        `${this.#vault.placeOf(id)} is missing, but ${id} is in use: restore it from a backup, or follow docs/runbooks/lost-state.md`,
      );
    }
    if (pair.certificate.fingerprint === certificate.fingerprint) return pair;
    throw new StateError(
      "AUTHORITY_MISMATCH",
      `the certificate in ${this.#vault.placeOf(id)} differs from the one in the state of ${id}: restore both from one backup, or follow docs/runbooks/lost-state.md`,
    );
  }
}
