import { Certificate } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import type { CertificateIssuance, IssuanceCall } from "../../issuance/issue-certificate.ts";
import { callerKey } from "../../recording/caller-key.ts";
import type { Turns } from "./turns.ts";

/** Makes calls whose caller is authenticated wait for their turn. */
export function takeTurns(
  issuance: CertificateIssuance,
  turns: Pick<Turns, "run">,
  clock: Pick<Clock, "now">,
): CertificateIssuance {
  return {
    authenticate: (call) => issuance.authenticate(call),
    async createCertificate(call, authenticated) {
      const caller = authenticated ?? (await issuance.authenticate(call));
      const holder = {
        group: caller.spiffeId.workload?.namespace ?? "",
        caller: callerKey(caller.spiffeId.toString(), caller.pod),
        isUrgent: () => !holdsLastingCertificate(call, clock.now()),
        signal: call.signal,
      };
      return turns.run(holder, () => issuance.createCertificate(call, caller));
    },
  };
}

/** Below this part of its lifetime, a certificate must be renewed before it expires. */
const lastingPart = 0.25;

/** A caller gains nothing by a false certificate: it would only wait longer. */
export function holdsLastingCertificate(
  { credentials }: Pick<IssuanceCall, "credentials">,
  now: Date,
): boolean {
  const [leaf] = credentials.peerCertificates;
  if (leaf === undefined) return false;
  try {
    const { notBefore, notAfter } = new Certificate(leaf);
    const [left, lifetime] = [notAfter.getTime() - now.getTime(), notAfter.getTime() - notBefore.getTime()];
    return left > lifetime * lastingPart;
  } catch {
    return false;
  }
}
