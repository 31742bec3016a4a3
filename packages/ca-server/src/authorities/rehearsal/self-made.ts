import { type Certificate, TrustBundle } from "@kasbah/pki";
import { StateError } from "../../errors.ts";
import type { SigningPair } from "../keys/authority-files.ts";
import { type AuthorityState, trustBundleOf } from "../rotation/authority-state.ts";
import type { HeldBundle, Rehearse } from "./candidate.ts";

/**
 * Tries the signing authorities that the CA creates. A failure is a bug, or a configuration that cannot work;
 * the authority in use then stays in use.
 */
export class SelfMadeRehearsal {
  readonly #rehearse: Rehearse;
  #problem: string | undefined;

  constructor(rehearse: Rehearse) {
    this.#rehearse = rehearse;
  }

  warnings(): readonly string[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  /** @throws StateError `REHEARSAL_FAILED` */
  async verify(signer: SigningPair, root: Certificate, state: AuthorityState): Promise<void> {
    const describe = (one: Certificate) => (one.equals(root) ? "the root" : "the new intermediate");
    const candidate = { signer, intermediates: [], root, held: bundlesFor(root, state), describe };
    try {
      await this.#rehearse({ ...candidate, isOurs: true });
      this.#problem = undefined;
    } catch (error) {
      if (error instanceof StateError)
        this.#problem = `the CA cannot use the authority that it created: ${error.message}`;
      throw error;
    }
  }

  /** Whether an authority that a crash left behind still works; its configuration may have changed. */
  async passes(signer: SigningPair, root: Certificate, state: AuthorityState): Promise<boolean> {
    try {
      await this.verify(signer, root, state);
      return true;
    } catch (error) {
      if (error instanceof StateError && error.code === "REHEARSAL_FAILED") return false;
      throw error;
    }
  }
}

/** A new root signs only after every client holds it beside the present ones, and in the end it stays alone. */
function bundlesFor(root: Certificate, state: AuthorityState): readonly HeldBundle[] {
  const alone = { holders: "clients with its root alone", bundle: TrustBundle.from([root]) };
  if (state.signerId === "") return [alone];
  const present = trustBundleOf(state);
  return [{ holders: "clients with all roots", bundle: present.union(alone.bundle) }, alone];
}
