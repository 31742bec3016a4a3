import type { DistrustPreviewMessage, HolderMessage } from "@kasbah/protocol";
import { type Answers, noAnswerError } from "./answers.ts";

/**
 * The replicas share their authorities, but each knows only the certificates that it issued. A workload that
 * renewed with another replica is still counted by the first one, so the sum of the workloads is an upper bound.
 */
export function mergePreviews(answers: Answers<DistrustPreviewMessage>): DistrustPreviewMessage {
  const [first, ...others] = answers.given.map(({ answer }) => answer);
  if (first === undefined) throw noAnswerError(answers);
  const all = [first, ...others];
  const sum = (count: (one: DistrustPreviewMessage) => number) =>
    all.reduce((total, one) => total + count(one), 0);
  const holders = mergeHolders(all.flatMap((one) => one.holders));
  const unknown = answers.given.flatMap(({ replica, answer: { holdersUnknown } }) =>
    holdersUnknown === "" ? [] : [`${replica}: ${holdersUnknown}`],
  );
  return {
    ...first,
    leaves: sum(({ leaves }) => leaves),
    pods: sum(({ pods }) => pods),
    identities: Math.max(holders.length, ...all.map(({ identities }) => identities)),
    holders,
    holdersUnknown: unknown.join("; "),
  };
}

function mergeHolders(holders: readonly HolderMessage[]): readonly HolderMessage[] {
  const merged = new Map<string, HolderMessage>();
  for (const one of holders) {
    const known = merged.get(one.spiffeId);
    const latest = known === undefined || one.notAfter > known.notAfter ? one : known;
    const leaves = one.leaves + (known?.leaves ?? 0);
    merged.set(one.spiffeId, { ...latest, leaves, pods: one.pods + (known?.pods ?? 0) });
  }
  return [...merged.values()].sort((one, other) => other.notAfter.getTime() - one.notAfter.getTime());
}
