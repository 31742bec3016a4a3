import type { Clock } from "@kasbah/runtime";
import type { CertificateIssuance } from "../../issuance/issue-certificate.ts";
import { callerKey } from "../../recording/caller-key.ts";
import { holdsLastingCertificate } from "./lasting-certificate.ts";
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
        isUrgent: () => !holdsLastingCertificate(call.credentials.peerCertificates, clock.now()),
        signal: call.signal,
      };
      return turns.run(holder, () => issuance.createCertificate(call, caller));
    },
  };
}
