import { OperationError } from "../../errors.ts";
import type { AuthorityState } from "../rotation/authority-state.ts";
import type { Recall } from "../rotation/recall.ts";
import type { StoredAuthority } from "../rotation/stored-authority.ts";
import type { SelfSigned } from "../self-signed.ts";
import type { AuthorityKeys } from "./authority-keys.ts";

export interface ReturningSignerDeps {
  readonly keys: AuthorityKeys;
  readonly selfSigned: SelfSigned;
}

/**
 * Loads the keys that a recall needs, and creates an intermediate under a root that has none left. The state
 * is unchanged. @throws OperationError if the key of the authority no longer exists; StateError if it is
 * damaged
 */
export async function returningSigner(
  { root, signer }: Recall,
  state: AuthorityState,
  { keys, selfSigned }: ReturningSignerDeps,
): Promise<StoredAuthority> {
  if (root.hasKey) await requireKey(root, keys);
  if (signer !== undefined) await requireKey(signer, keys);
  const returning = signer ?? (await selfSigned.createSignerUnder(root, state));
  if (returning === root || returning === signer) await keys.load(returning);
  return returning;
}

async function requireKey(authority: StoredAuthority, keys: AuthorityKeys): Promise<void> {
  if (authority.stage !== "retired" || (await keys.exists(authority.id))) return keys.check(authority);
  throw new OperationError(`the key of ${authority.id} was destroyed: rotate instead`);
}
