import { PkiError } from "@kasbah/pki";
import type { Logger } from "@kasbah/runtime";
import type { AuthorityKeeper } from "../authorities/keeper.ts";
import type { AuthorityKeys } from "../authorities/keys/authority-keys.ts";
import { needsKey } from "../authorities/rotation/authority-state.ts";
import { withoutKeys } from "../authorities/rotation/invalid-signer.ts";
import type { StoredAuthority } from "../authorities/rotation/stored-authority.ts";
import { StateError } from "../errors.ts";
import type { OperatorAct } from "../recording/operator-log.ts";

/**
 * Loads the keys for an act. It gives up the lost keys that the act replaces: they may be the reason why it is
 * needed. All others must exist, because the CA could not start afterwards either.
 *
 * @throws StateError `AUTHORITY_*`
 */
export async function loadAvailableKeys(
  keeper: AuthorityKeeper,
  keys: AuthorityKeys,
  act: OperatorAct,
  logger: Logger,
): Promise<void> {
  // A CSR needs no other key.
  if (act.act === "create-request") return;
  const lost: string[] = [];
  for (const authority of keeper.state.authorities.filter(needsKey)) {
    await keys.load(authority).catch((error: unknown) => {
      if (!isLoss(error) || !replaces(act, authority)) throw error;
      logger.warn("giving up a key that is lost", { authority: authority.id, error });
      lost.push(authority.id);
    });
  }
  if (lost.length > 0) await keeper.transition((state) => withoutKeys(state, lost));
}

function replaces({ act, arguments: request = {} }: OperatorAct, one: StoredAuthority): boolean {
  const { kind, id } = request;
  if (act === "distrust") return one.id === id || one.rootId === id;
  if (act === "adopt-chain") return one.kind === "intermediate";
  return act === "rotate" && (kind === "root" || one.kind === kind);
}

/** A file that cannot be read now is not lost. */
function isLoss(error: unknown): boolean {
  if (!(error instanceof StateError)) return false;
  if (error.code === "AUTHORITY_INCOMPLETE") return true;
  const isDamage = error.code === "AUTHORITY_MALFORMED" || error.code === "AUTHORITY_MISMATCH";
  return isDamage && (error.cause === undefined || error.cause instanceof PkiError);
}
