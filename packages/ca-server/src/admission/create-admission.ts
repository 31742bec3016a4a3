import type { Clock, Logger } from "@kasbah/runtime";
import type { ReservedNames } from "../issuance/names/reserved-names.ts";
import type { KeyHolders, Throttle } from "../issuance/ports.ts";
import { createKeyHolders } from "./key-holders.ts";
import { PolicySource } from "./policy/source.ts";
import { createThrottle } from "./throttle.ts";

export interface AdmissionDeps {
  readonly config: {
    readonly policy: string | undefined;
    readonly defaultTtl: number;
    readonly maxTtl: number;
    /** Zero means no ceiling. */
    readonly ttlCeiling: number;
    /** Zero means no limit. */
    readonly defaultRate: number;
  };
  /** The DNS names that no workload gets. */
  readonly reservedNames: ReservedNames;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The policy and the state that decide whether an authenticated caller gets a certificate. */
export interface Admission {
  readonly policy: PolicySource;
  readonly throttle: Throttle;
  readonly keyHolders: KeyHolders;
}

export function createAdmission({ config, reservedNames, clock, logger }: AdmissionDeps): Admission {
  const { policy: path, defaultTtl: defaultTtlMs, maxTtl: maxTtlMs, ttlCeiling, defaultRate } = config;
  const ttlCeilingMs = ttlCeiling === 0 ? Number.POSITIVE_INFINITY : ttlCeiling;
  return {
    policy: new PolicySource({
      path,
      defaultTtlMs,
      maxTtlMs,
      ttlCeilingMs,
      defaultRate,
      reservedNames,
      clock,
      logger,
    }),
    throttle: createThrottle(clock),
    keyHolders: createKeyHolders(),
  };
}
