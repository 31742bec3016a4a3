import { collectGarbageSoon } from "@kasbah/runtime";
import { cronSweep } from "@kasbah/runtime/cron";
import { policyDnsNames } from "../admission/policy-dns-names.ts";
import type { AuthorityBacking } from "../authorities/backing.ts";
import {
  type Authorities,
  type AuthoritiesDeps,
  createAuthorities,
} from "../authorities/create-authorities.ts";
import type { Rehearse } from "../authorities/rehearsal/candidate.ts";
import { createRehearsal } from "../authorities/rehearsal/rehearse.ts";
import { timeGate } from "../authorities/rotation/gates/rotation-gate.ts";
import { retryInDoubt } from "../clock/retry-in-doubt.ts";
import type { CaLedger } from "../recording/create-ledger.ts";
import { recordKeyDestruction } from "../recording/record-key-destruction.ts";
import type { OpeningDeps } from "./opening-deps.ts";
import { ownNamesOf } from "./own-names.ts";

export interface OwnedAuthoritiesDeps extends OpeningDeps, Pick<AuthoritiesDeps, "writer" | "newSerial"> {
  readonly ledger: CaLedger;
  /** The opened place that owns the CA. */
  readonly backing: AuthorityBacking;
}

/** Opens the authorities, or creates the first ones. */
export async function openOwnedAuthorities(deps: OwnedAuthoritiesDeps): Promise<Authorities> {
  const { config, time, kubernetes, ledger, logger } = deps;
  const { clock } = time;
  const opened: AuthoritiesDeps = {
    ...deps,
    takeOver: async () => kubernetes?.takeOver(),
    leads: () => kubernetes?.leads() ?? true,
    holders: (signers, now) => ledger.index.holders(signers, now),
    onForgottenKey: collectGarbageSoon,
    onDestroyKey: (authority) => recordKeyDestruction(authority, { log: ledger.acts, clock }),
    gate: timeGate,
    holds: () => clock.holds(),
    sweeps: {
      starts: cronSweep(config.rotationSchedule),
      advances: cronSweep("* * * * * *"),
      bundle: cronSweep(),
      expiry: cronSweep("0 * * * * *"),
    },
    rehearse: rehearsalOf(deps),
    clock,
    stageClock: clock.latest,
  };
  return retryInDoubt(() => createAuthorities(opened), { ...time, logger });
}

/** Tries authorities with the names that this configuration lets the CA issue. */
function rehearsalOf({ config, writer, time }: OwnedAuthoritiesDeps): Rehearse {
  const { trustDomain, policy, trustedNodeAccount } = config;
  return createRehearsal({
    ...{ writer, trustDomain, clock: time.clock },
    serverNames: ownNamesOf(config).serverNames,
    dnsNames: policyDnsNames(policy, trustDomain),
    hasNodeProxies: trustedNodeAccount.length > 0,
  });
}
