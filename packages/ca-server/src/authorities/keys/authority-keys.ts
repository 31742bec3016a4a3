import { StateError } from "../../errors.ts";
import type { StoredAuthority } from "../rotation/stored-authority.ts";
import type { SigningPair } from "./authority-files.ts";
import type { KeyVault } from "./key-vault.ts";

/** The keys of the authorities in use, loaded from the vault. */
export class AuthorityKeys {
  readonly #vault: KeyVault;
  readonly #loaded = new Map<string, SigningPair>();

  constructor(vault: KeyVault) {
    this.#vault = vault;
  }

  /**
   * Returns the key of an authority that was loaded, found or kept before. @throws TypeError for any other id
   */
  of(id: string): SigningPair {
    const pair = this.#loaded.get(id);
    if (pair === undefined) throw new TypeError(`the key of ${id} was not loaded`);
    return pair;
  }

  /**
   * Loads the key of an authority. @throws StateError if it is missing, incomplete or belongs to another
   * certificate
   */
  async load({ id, certificate }: StoredAuthority): Promise<void> {
    const pair = await this.find(id);
    if (pair === undefined) {
      throw new StateError(
        "AUTHORITY_INCOMPLETE",
        `${this.#vault.placeOf(id)} is missing, but ${id} is in use: restore it from a backup, or follow docs/runbooks/lost-state.md`,
      );
    }
    if (pair.certificate.fingerprint === certificate.fingerprint) return;
    throw new StateError(
      "AUTHORITY_MISMATCH",
      `the certificate in ${this.#vault.placeOf(id)} differs from the one in the state of ${id}: restore both from one backup, or follow docs/runbooks/lost-state.md`,
    );
  }

  /**
   * Returns the pair stored under an id, whether the state names it or not; undefined if there is none.
   * @throws StateError if the pair is incomplete
   */
  async find(id: string): Promise<SigningPair | undefined> {
    const pair = await this.#vault.find(id);
    if (pair !== undefined) this.#loaded.set(id, pair);
    return pair;
  }

  /**
   * Makes a new key durable under its id. @throws StateError `STATE_NOT_DURABLE`; `AUTHORITY_MISMATCH` if the
   * id is taken
   */
  async keep(id: string, pair: SigningPair): Promise<void> {
    const isOurs = await this.#vault.put(id, pair);
    if (!isOurs)
      throw new StateError("AUTHORITY_MISMATCH", `${this.#vault.placeOf(id)} already holds another key`);
    this.#loaded.set(id, pair);
  }

  /** Whether the vault still holds the key of an authority. */
  exists(id: string): Promise<boolean> {
    return this.#vault.holdsKey(id);
  }

  /** Makes the key of a retired authority unusable in this process. The vault keeps it. */
  unload(id: string): void {
    this.#loaded.delete(id);
  }

  /** Destroys the key of a retired authority. Returns whether one existed. */
  destroy(id: string): Promise<boolean> {
    this.#loaded.delete(id);
    return this.#vault.remove(id);
  }
}
