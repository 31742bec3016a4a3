import type { RotationGate } from "../rotation/gates/rotation-gate.ts";
import { unbridgedChange } from "./unproven-clients.ts";

/**
 * Holds a root that the CA's own TLS leads to until every client with a certificate has shown that it holds the
 * new one. `inner` decides everything else.
 */
export function createHoldersGate(inner: RotationGate): RotationGate {
  return {
    mayRetire: (retirement, now) => inner.mayRetire(retirement, now),
    mayAdvance(state, rotation, now) {
      const answer = inner.mayAdvance(state, rotation, now);
      if (!answer.open || rotation.stage !== "active" || rotation.withoutProof === true) return answer;
      const change = unbridgedChange(state, now);
      const until = rotation.unprovenUntil;
      if (change === undefined || (until !== undefined && until <= now)) return answer;
      const { from, to } = change;
      const waits = `clients that have not shown that they hold ${to.id} lose the CA when ${from.id} retires: add ${to.id} to their root files, or run kasbah authority rotate --root --continue`;
      return { open: false, reason: waits, ...(until === undefined ? {} : { earliest: until }) };
    },
  };
}
