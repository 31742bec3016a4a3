import type { Certificate } from "@kasbah/pki";

/** What stands above a signer. */
export interface PluggedInChain {
  /** The signer's own issuer first, without the root. */
  readonly intermediates: readonly Certificate[];
  readonly root: Certificate;
}

/** What there is to build a way up from. */
export interface Material {
  readonly signer: Certificate;
  readonly candidates: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly now: Date;
}

/** Every way up that was found, the best first, and where the search ended. */
export interface WaysUp {
  readonly ways: readonly PluggedInChain[];
  /** The last certificate reached: the one whose issuer is missing when there is no way. */
  readonly top: Certificate;
}

interface Step {
  readonly top: Certificate;
  readonly intermediates: readonly Certificate[];
}

/** As many as a chain check allows. */
const maxIntermediates = 4;

/**
 * Searches the ways from the signer up to a root; order and repetitions in the operator's files do not matter. There are
 * several when an intermediate is cross-signed, or a root was made again with its key. One that holds now goes before
 * one that does not, and the root that ends last before the others: so a renewed root that is added to the file takes
 * the old one's place, which can then leave the file.
 */
export function findWaysUp({ signer, candidates, roots, now }: Material): WaysUp {
  if (roots.some((root) => root.equals(signer)))
    return { ways: [{ intermediates: [], root: signer }], top: signer };
  const left = intermediatesAmong(candidates, roots, now);
  const ways: PluggedInChain[] = [];
  const steps: Step[] = [{ top: signer, intermediates: [] }];
  for (const { top, intermediates } of steps) {
    for (const root of roots) if (top.isIssuedBy(root)) ways.push({ intermediates, root });
    if (intermediates.length === maxIntermediates) continue;
    for (const issuer of left) {
      if (!top.isIssuedBy(issuer)) continue;
      left.delete(issuer);
      steps.push({ top: issuer, intermediates: [...intermediates, issuer] });
    }
  }
  return { ways: ways.sort(byPreference(now)), top: steps.at(-1)?.top ?? signer };
}

/** Each once, what is valid first: a step up is taken by the first that fits. */
function intermediatesAmong(
  candidates: readonly Certificate[],
  roots: readonly Certificate[],
  now: Date,
): Set<Certificate> {
  const isRoot = (one: Certificate) => one.isIssuedBy(one) || roots.some((root) => root.equals(one));
  const unique = new Map(candidates.map((one) => [one.fingerprint, one]));
  const found = [...unique.values()].filter((one) => !isRoot(one));
  return new Set(found.sort((a, b) => Number(isValid(b, now)) - Number(isValid(a, now))));
}

function byPreference(now: Date): (a: PluggedInChain, b: PluggedInChain) => number {
  const holds = ({ intermediates, root }: PluggedInChain) =>
    Number([...intermediates, root].every((one) => isValid(one, now)));
  return (a, b) =>
    holds(b) - holds(a) ||
    b.root.notAfter.getTime() - a.root.notAfter.getTime() ||
    a.intermediates.length - b.intermediates.length;
}

function isValid({ notBefore, notAfter }: Certificate, now: Date): boolean {
  return notBefore <= now && now <= notAfter;
}
