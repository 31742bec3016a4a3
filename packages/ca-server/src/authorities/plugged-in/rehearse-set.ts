import type { TrustBundle } from "@kasbah/pki";
import { StateError } from "../../errors.ts";
import type { AuthorityKeys } from "../keys/authority-keys.ts";
import type { HeldBundle, Rehearse } from "../rehearsal/candidate.ts";
import { warningText } from "../rehearsal/warning-text.ts";
import { type AuthorityState, authorityOf, rootOf, trustBundleOf } from "../rotation/authority-state.ts";
import type { PluggedInSet } from "./load-set.ts";
import { describeIn, oneLineSubject } from "./shown.ts";

/**
 * Tries a set that is the first authority of a CA, or of which only the clients' present roots are known.
 * Returns the warnings about it. @throws StateError `REHEARSAL_FAILED`
 */
export function rehearseAlone(
  set: PluggedInSet,
  present: TrustBundle | undefined,
  rehearse: Rehearse,
): Promise<readonly string[]> {
  const own = { holders: "clients with these roots", bundle: set.roots };
  if (present === undefined) return rehearseFor([own], set, rehearse);
  const both = { holders: "clients with the present and the new roots", bundle: present.union(set.roots) };
  // Under a root that they hold already, clients meet the new signer before they have the new roots.
  const before = present.contains(set.root)
    ? [{ holders: "clients with the present roots", bundle: present }]
    : [];
  return rehearseFor([...before, both, own], set, rehearse);
}

/**
 * Tries a set that replaces the one in use, with the bundles of clients that have not yet renewed and of
 * those that have; and the authority in use with the new bundle. @throws StateError `REHEARSAL_FAILED`
 */
export async function rehearseChange(
  set: PluggedInSet,
  state: AuthorityState,
  keys: AuthorityKeys,
  rehearse: Rehearse,
): Promise<readonly string[]> {
  const kept = trustBundleOf({ ...state, extraRoots: [] });
  const before = { holders: "clients with the present roots", bundle: trustBundleOf(state) };
  const after = { holders: "clients with the new roots", bundle: kept.union(set.roots) };
  // A new root signs only after every client has the new roots; under the same root the signer changes at once.
  const isSameRoot = rootOf(state, state.signerId).certificate.equals(set.root);
  const warnings = await rehearseFor(isSameRoot ? [before, after] : [after], set, rehearse);
  await rehearsePresent(state, keys, before, after, rehearse);
  return warnings;
}

async function rehearseFor(
  held: readonly HeldBundle[],
  set: PluggedInSet,
  rehearse: Rehearse,
): Promise<readonly string[]> {
  const { signer, intermediates, root, names } = set;
  const describe = describeIn(names, { signer: signer.certificate, roots: set.roots.roots });
  const warnings = await rehearse({ signer, intermediates, root, held, describe });
  return warnings.map((warning) => warningText(warning, describe));
}

/** If the authority in use fails even with the present roots, the new set is the way out and must not wait. */
async function rehearsePresent(
  state: AuthorityState,
  keys: AuthorityKeys,
  before: HeldBundle,
  after: HeldBundle,
  rehearse: Rehearse,
): Promise<void> {
  const { id, chain, hasKey } = authorityOf(state, state.signerId);
  // Its key is lost, and the set replaces it.
  if (!hasKey) return;
  const root = rootOf(state, id).certificate;
  const present = { signer: keys.of(id), intermediates: chain, root, describe: oneLineSubject };
  const failureWith = (held: HeldBundle) =>
    rehearse({ ...present, held: [held] }).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof StateError && error.code === "REHEARSAL_FAILED") return error;
        throw error;
      },
    );
  const failure = await failureWith(after);
  if (failure === undefined || (await failureWith(before)) !== undefined) return;
  throw new StateError("REHEARSAL_FAILED", `the root file breaks the CA in use: ${failure.message}`, {
    cause: failure,
  });
}
