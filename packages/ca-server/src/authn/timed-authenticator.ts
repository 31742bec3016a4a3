import type { Clock } from "@kasbah/runtime";
import type { Authenticator } from "../issuance/ports.ts";

/** Wraps an authenticator and reports the duration of each call in milliseconds. */
export function timedAuthenticator(
  authenticator: Authenticator,
  clock: Clock,
  onVerdict: (durationMs: number) => void,
): Authenticator {
  return {
    async authenticate(credentials) {
      const startedMs = clock.monotonicMs();
      try {
        return await authenticator.authenticate(credentials);
      } finally {
        onVerdict(clock.monotonicMs() - startedMs);
      }
    },
  };
}
