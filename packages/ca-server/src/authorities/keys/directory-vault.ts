import { join } from "node:path";
import type { DurableFs, Secret } from "@kasbah/runtime";
import { StateError } from "../../errors.ts";
import { destroyKey, loadAuthority, publishAuthority, type SigningPair } from "./authority-files.ts";
import type { KeyVault } from "./key-vault.ts";

export interface DirectoryVaultParts {
  /** Holds one directory for each authority; made before, with mode 0700. */
  readonly directory: string;
  readonly passphrase: Secret | undefined;
  readonly fs?: DurableFs | undefined;
}

/** Keys in a directory of the state directory, each in one of its own that was published as a whole. */
export class DirectoryVault implements KeyVault {
  readonly #parts: DirectoryVaultParts;

  constructor(parts: DirectoryVaultParts) {
    this.#parts = parts;
  }

  find(id: string): Promise<SigningPair | undefined> {
    return loadAuthority(this.placeOf(id), this.#parts.passphrase);
  }

  async put(id: string, pair: SigningPair): Promise<boolean> {
    const directory = this.placeOf(id);
    const { passphrase, fs } = this.#parts;
    try {
      return await publishAuthority(directory, pair, passphrase, fs);
    } catch (cause) {
      throw new StateError("STATE_NOT_DURABLE", `${directory} can not be written, so nothing was changed`, {
        cause,
      });
    }
  }

  remove(id: string): Promise<boolean> {
    return destroyKey(this.placeOf(id));
  }

  placeOf(id: string): string {
    return join(this.#parts.directory, id);
  }
}
