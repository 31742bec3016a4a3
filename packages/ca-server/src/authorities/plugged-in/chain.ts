import type { Certificate } from "@kasbah/pki";

/** The certificates above a signer. */
export interface PluggedInChain {
  /** The signer's own issuer first, without the root. */
  readonly intermediates: readonly Certificate[];
  readonly root: Certificate;
}

/** The certificates from which a chain can be built. */
export interface Material {
  readonly signer: Certificate;
  readonly candidates: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly now: Date;
}

/** Every chain that was found, the best first, and the point where the search ended. */
export interface WaysUp {
  readonly ways: readonly PluggedInChain[];
  /** The last certificate reached. If no chain was found, the issuer of this one is missing. */
  readonly top: Certificate;
}

interface Step {
  readonly top: Certificate;
  readonly intermediates: readonly Certificate[];
}

/** The limit of the chain check. */
const maxIntermediates = 4;

/**
 * Finds the chains from the signer to a root, from files with any order and duplicates. Several exist if an
 * intermediate is cross-signed or a root was reissued with its key. Valid chains come first, then those whose
 * root expires last, so that a renewed root replaces the old one, which the operator can then remove.
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

/** Each intermediate once, valid ones first, because each step takes the first that fits. */
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
