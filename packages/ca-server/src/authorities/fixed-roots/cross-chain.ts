import type { Certificate } from "@kasbah/pki";
import { type AuthorityState, authorityOf } from "../rotation/authority-state.ts";
import type { CrossCertificate } from "../rotation/cross-certificate.ts";

/**
 * The most that a serving chain contains. With a leaf and an intermediate it stays within the limits of every
 * TLS library: Java allows five certificates above a leaf.
 */
const maxServed = 3;

/**
 * Returns the certificates that lead from a root back to the older roots that clients may still hold, the
 * latest first. They follow the intermediates in the CA's own TLS, and nowhere else.
 */
export function crossChainFrom(state: AuthorityState, rootId: string, now: Date): readonly Certificate[] {
  const found: Certificate[] = [];
  const roots = new Set([rootId]);
  for (const subjectId of roots) {
    for (const one of state.crossCertificates) {
      if (one.subjectId !== subjectId || roots.has(one.issuerId) || !isValid(one, now)) continue;
      roots.add(one.issuerId);
      found.push(one.certificate);
    }
  }
  return found.slice(0, maxServed);
}

/** Whether clients that hold only the old root will accept the CA under the new one. */
export function bridges(state: AuthorityState, issuerId: string, subjectId: string, now: Date): boolean {
  return state.crossCertificates.some(
    (one) => one.issuerId === issuerId && one.subjectId === subjectId && isValid(one, now),
  );
}

/** The time until which clients that hold only this root accept the CA under a later one. */
export function bridgedUntil(state: AuthorityState, issuerId: string, now: Date): Date | undefined {
  const crosses = state.crossCertificates.filter((one) => one.issuerId === issuerId && isValid(one, now));
  return crosses.at(-1)?.certificate.notAfter;
}

/**
 * Adds a certificate. The epoch increases only if the CA's own TLS changes, because nothing else depends on
 * it.
 */
export function withCross(state: AuthorityState, cross: CrossCertificate, now: Date): AuthorityState {
  const isServed = authorityOf(state, state.servingSignerId).rootId === cross.subjectId;
  const crossCertificates = [...withoutExpired(state, now).crossCertificates, cross];
  return { ...state, epoch: state.epoch + (isServed ? 1 : 0), crossCertificates };
}

/** An expired certificate is never served. It is forgotten later, in case the clock was wrong. */
const rememberedMs = 30 * 86_400_000;

/** The same state if none has been expired for long. */
export function withoutExpired(state: AuthorityState, now: Date): AuthorityState {
  const kept = state.crossCertificates.filter(
    ({ certificate }) => now.getTime() < certificate.notAfter.getTime() + rememberedMs,
  );
  return kept.length === state.crossCertificates.length ? state : { ...state, crossCertificates: kept };
}

function isValid({ certificate }: CrossCertificate, now: Date): boolean {
  return certificate.notBefore <= now && now < certificate.notAfter;
}
