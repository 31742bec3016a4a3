import type { Sweep } from "@kasbah/runtime";

/** A sweep that runs when a test calls `tick`. */
export interface ManualSweep {
  readonly sweep: Sweep;
  /** The number of sweeps that are started and not stopped. */
  readonly running: number;
  tick(): void;
}

export function manualSweep(): ManualSweep {
  const checks = new Set<() => void>();
  return {
    sweep(check) {
      const own = () => check();
      checks.add(own);
      return { stop: () => void checks.delete(own) };
    },
    get running() {
      return checks.size;
    },
    tick() {
      for (const check of checks) check();
    },
  };
}
