import type { Readiness } from "@kasbah/runtime";
import type { SecretState, SecretStore } from "../secret-store.ts";

const reasons: Record<SecretState, readonly string[]> = {
  starting: ["no secret yet: the log says why"],
  ready: [],
  stale: [],
  expired: ["the secret has expired and no new one could be had: the log says why"],
};

/** Ready exactly while an unexpired secret is served; an overdue rotation is an alarm, not a reason to lose traffic. */
export function readinessOf(store: SecretStore): Readiness {
  const state = store.state();
  return { ready: state === "ready" || state === "stale", reasons: reasons[state] };
}
