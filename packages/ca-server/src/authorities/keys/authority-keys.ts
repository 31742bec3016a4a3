import { join } from "node:path";
import { type DurableFs, ensureDirectory, type Secret } from "@kasbah/runtime";
import { StateError } from "../../errors.ts";
import type { AuthorityRecord } from "../rotation/authority-record.ts";
import { destroyKey, loadAuthority, publishAuthority, type SigningPair } from "./authority-files.ts";

export interface AuthorityKeysParts {
  /** Holds one directory for each authority; made with mode 0700. */
  readonly directory: string;
  readonly passphrase: Secret | undefined;
  readonly fs?: DurableFs | undefined;
}

/** The keys of the authorities, each in a directory of its own that was published as a whole. */
export class AuthorityKeys {
  readonly #parts: AuthorityKeysParts;
  readonly #loaded = new Map<string, SigningPair>();

  constructor(parts: AuthorityKeysParts) {
    this.#parts = parts;
  }

  async open(): Promise<void> {
    await ensureDirectory(this.#parts.directory, 0o700);
  }

  /** The key of an authority that was loaded, found or kept before. Throws TypeError for any other. */
  of(id: string): SigningPair {
    const pair = this.#loaded.get(id);
    if (pair === undefined) throw new TypeError(`the key of ${id} was not loaded`);
    return pair;
  }

  /** Loads the key that a record names. @throws StateError when it is not there whole, or is another's */
  async load({ id, certificate }: AuthorityRecord): Promise<void> {
    const pair = await this.find(id);
    if (pair === undefined) {
      throw new StateError(
        "AUTHORITY_INCOMPLETE",
        `${this.#directoryOf(id)} is missing, yet ${id} is in use: restore it; a new key would cut off every client`,
      );
    }
    if (pair.certificate.fingerprint === certificate.fingerprint) return;
    throw new StateError(
      "AUTHORITY_MISMATCH",
      `the certificate in ${this.#directoryOf(id)} is not the one that ${id} is on record with: restore both from one backup`,
    );
  }

  /** What lies under an id, recorded or not; undefined when nothing does. @throws StateError when it is not whole */
  async find(id: string): Promise<SigningPair | undefined> {
    const pair = await loadAuthority(this.#directoryOf(id), this.#parts.passphrase);
    if (pair !== undefined) this.#loaded.set(id, pair);
    return pair;
  }

  /** Makes a new key durable under its id. @throws StateError `STATE_NOT_DURABLE`; `AUTHORITY_MISMATCH` when the id is taken */
  async keep(id: string, pair: SigningPair): Promise<void> {
    const directory = this.#directoryOf(id);
    const { passphrase, fs } = this.#parts;
    const isOurs = await publishAuthority(directory, pair, passphrase, fs).catch((cause: unknown) => {
      throw new StateError("STATE_NOT_DURABLE", `${directory} can not be written, so nothing was changed`, {
        cause,
      });
    });
    if (!isOurs) throw new StateError("AUTHORITY_MISMATCH", `${directory} is taken by another key`);
    this.#loaded.set(id, pair);
  }

  /** Destroys the key of a retired authority; true when there was one. */
  destroy(id: string): Promise<boolean> {
    this.#loaded.delete(id);
    return destroyKey(this.#directoryOf(id));
  }

  #directoryOf(id: string): string {
    return join(this.#parts.directory, id);
  }
}
