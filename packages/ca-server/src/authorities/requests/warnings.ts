import type { AuthorityState } from "../rotation/authority-state.ts";
import { authorityOf } from "../rotation/authority-state.ts";
import { rotatesAt } from "../rotation/rotation-due.ts";

/**
 * Asks for the next certificate in time: the CA cannot replace an intermediate of the company's PKI by itself.
 * A third of its lifetime is left for the ceremony.
 */
export function requestWarnings(state: AuthorityState, now: Date): readonly string[] {
  if (state.signerId === "" || state.rotation !== undefined) return [];
  const signer = authorityOf(state, state.signerId);
  if (signer.byRequest !== true || now < rotatesAt(signer)) return [];
  const expires = `${signer.id} expires at ${signer.certificate.notAfter.toISOString()}, and only your PKI can replace it`;
  const latest = state.requests.open.at(-1);
  if (latest === undefined) return [`${expires}: run kasbah authority csr, and have the CSR signed`];
  const until = latest.expiresAt.toISOString();
  return [`${expires}: have the CSR of ${latest.id} signed, and run kasbah authority adopt by ${until}`];
}
