import type { Clock } from "@kasbah/runtime";
import type { Authenticator } from "../issuance/ports.ts";

/** The same authenticator, with the time that each verdict takes told, in milliseconds. */
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
