import { join } from "node:path";
import type { DurableFs, Secret } from "@kasbah/runtime";
import { StateError } from "../../errors.ts";
import {
  destroyKey,
  hasKeyFile,
  loadAuthority,
  publishAuthority,
  type SigningPair,
} from "./authority-files.ts";
import type { KeyVault } from "./key-vault.ts";

export interface DirectoryVaultDeps {
  /** The parent of the authorities' directories. It must exist, with mode 0700. */
  readonly directory: string;
  readonly passphrase: Secret | undefined;
  readonly fs?: DurableFs | undefined;
}

/** Stores each key in its own directory, which is published as a whole. */
export class DirectoryVault implements KeyVault {
  readonly #deps: DirectoryVaultDeps;

  constructor(deps: DirectoryVaultDeps) {
    this.#deps = deps;
  }

  find(id: string): Promise<SigningPair | undefined> {
    return loadAuthority(this.placeOf(id), this.#deps.passphrase);
  }

  async put(id: string, pair: SigningPair): Promise<boolean> {
    const directory = this.placeOf(id);
    const { passphrase, fs } = this.#deps;
    try {
      return await publishAuthority(directory, pair, passphrase, fs);
    } catch (cause) {
      throw new StateError("STATE_NOT_DURABLE", `cannot write ${directory}; nothing was changed`, {
        cause,
      });
    }
  }

  holdsKey(id: string): Promise<boolean> {
    return hasKeyFile(this.placeOf(id));
  }

  remove(id: string): Promise<boolean> {
    return destroyKey(this.placeOf(id), this.#deps.fs);
  }

  placeOf(id: string): string {
    return join(this.#deps.directory, id);
  }
}
