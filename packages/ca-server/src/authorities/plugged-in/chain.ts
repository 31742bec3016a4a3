import { type Certificate, looksSelfSigned } from "@kasbah/pki";

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
  /** Whether a chain would need more intermediates than the limit. */
  readonly isTooLong: boolean;
}

interface Step {
  readonly top: Certificate;
  readonly intermediates: readonly Certificate[];
}

/** Clients accept four intermediates, of which the signer is one. */
const maxIntermediates = 3;

/** The most CAs above the signer, with the root. */
export const maxCasAbove = maxIntermediates + 1;

/**
 * Finds the chains from the signer to a root, from files with any order and duplicates. Several exist if an
 * intermediate is cross-signed or a root was reissued with its key. Valid chains come first, then those whose
 * root expires last, so that a renewed root replaces the old one, which the operator can then remove. A chain
 * ends only at a self-signed root, as for OpenSSL: an intermediate in the root file is an intermediate.
 */
export function findWaysUp({ signer, candidates, roots, now }: Material): WaysUp {
  const anchors = roots.filter(looksSelfSigned);
  if (anchors.some((root) => root.equals(signer)))
    return { ways: [{ intermediates: [], root: signer }], top: signer, isTooLong: false };
  const left = intermediatesAmong([...candidates, ...roots], signer, now);
  const ways: PluggedInChain[] = [];
  const steps: Step[] = [{ top: signer, intermediates: [] }];
  let isTooLong = false;
  for (const { top, intermediates } of steps) {
    for (const root of anchors) {
      // The CA's own chain is strict: some clients reject the roots that only trust bundles may contain.
      if (root.waivedRule === undefined && top.isIssuedBy(root)) ways.push({ intermediates, root });
    }
    for (const issuer of left) {
      if (!top.isIssuedBy(issuer)) continue;
      if (intermediates.length === maxIntermediates) {
        isTooLong = true;
        continue;
      }
      left.delete(issuer);
      steps.push({ top: issuer, intermediates: [...intermediates, issuer] });
    }
  }
  return { ways: ways.sort(byPreference(now)), top: steps.at(-1)?.top ?? signer, isTooLong };
}

/** Each intermediate once, valid ones first, because each step takes the first that fits. */
function intermediatesAmong(
  candidates: readonly Certificate[],
  signer: Certificate,
  now: Date,
): Set<Certificate> {
  const unique = new Map(candidates.map((one) => [one.fingerprint, one]));
  const found = [...unique.values()].filter((one) => !looksSelfSigned(one) && !one.equals(signer));
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
