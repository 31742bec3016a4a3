import type { DistrustPreviewMessage, HolderMessage } from "@kasbah/protocol";
import { type AuthorityState, isTrusted, lastLeafEnd, rootOf } from "../rotation/authority-state.ts";
import type { DistrustPlan } from "../rotation/distrust.ts";

/** The identities that hold unexpired certificates of authorities, by their fingerprints. */
export type HolderSource = (authorities: ReadonlySet<string>, now: Date) => Promise<readonly HolderMessage[]>;

/** An operator reads the first of them; a program uses `kasbah audit export`. */
const shownHolders = 200;

/** Reports what a plan would do, and whom it concerns. */
export async function previewOf(
  { target, doomed, needs, signerId = "" }: DistrustPlan,
  state: AuthorityState,
  { holders, now }: { readonly holders: HolderSource; readonly now: Date },
): Promise<DistrustPreviewMessage> {
  const { id, kind } = target;
  const changesRoot = doomed.includes(rootOf(state, state.servingSignerId));
  const leavesUntil = lastLeafEnd(doomed);
  return {
    id,
    kind,
    removed: doomed.map((one) => one.id),
    signer: signerId,
    creates: needs ?? "",
    changesRoot,
    ...acceptedUntil(state, target),
    ...(leavesUntil > now ? { leavesUntil } : {}),
    ...(await tally(holders(new Set(doomed.map(({ certificate }) => certificate.fingerprint)), now))),
  };
}

/** Workloads know only roots, so they keep accepting everything under a root that stays trusted. */
function acceptedUntil(
  state: AuthorityState,
  { kind, rootId, certificate }: DistrustPlan["target"],
): { readonly acceptedUntil?: Date } {
  const root = state.authorities.find((one) => one.id === rootId);
  const isAccepted = kind === "intermediate" && root !== undefined && isTrusted(root);
  return isAccepted ? { acceptedUntil: certificate.notAfter } : {};
}

/** In an emergency, a broken index must not keep an operator from acting. */
async function tally(finding: Promise<readonly HolderMessage[]>) {
  const none = { leaves: 0, identities: 0, pods: 0, holders: [] };
  try {
    const found = await finding;
    const sum = (count: (one: HolderMessage) => number) =>
      found.reduce((total, one) => total + count(one), 0);
    return {
      leaves: sum(({ leaves }) => leaves),
      identities: found.length,
      pods: sum(({ pods }) => pods),
      holders: found.slice(0, shownHolders),
      holdersUnknown: "",
    };
  } catch (error) {
    return { ...none, holdersUnknown: error instanceof Error ? error.message : "unexpected failure" };
  }
}
