import type { TrustedClock } from "./trusted-clock.ts";

/** What the clock means for the readiness of this replica. */
export interface ClockConditions {
  troubles(): readonly string[];
  warnings(): readonly string[];
}

/**
 * A replica that does not know the time is not ready. One that carries on by its own time is ready unless
 * another replica can take over, so that a doubt never leaves a mesh without a CA.
 */
export function clockConditions(
  clock: Pick<TrustedClock, "warnings" | "state" | "holds">,
  cluster: { isAnotherAlive(): boolean } | undefined,
): ClockConditions {
  return {
    warnings: () => clock.warnings(),
    troubles() {
      const reason = clock.holds();
      if (reason === undefined) return [];
      if (clock.state.kind === "unknown") return [`clock: ${reason}`];
      return cluster?.isAnotherAlive() ? [`clock: ${reason}; another replica serves meanwhile`] : [];
    },
  };
}
