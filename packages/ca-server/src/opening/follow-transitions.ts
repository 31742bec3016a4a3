import type { Logger } from "@kasbah/runtime";
import { cronSweep } from "@kasbah/runtime/cron";
import type { Authorities } from "../authorities/create-authorities.ts";
import { forPublication } from "../authorities/plugged-in/earlier-releases.ts";
import { authoritiesInUse, createTransitionObserver } from "../authorities/transition-observer.ts";
import type { TrustedClock } from "../clock/trusted-clock.ts";
import type { ServingCertificate } from "../grpc/serving-certificate.ts";
import type { Kubernetes } from "../kubernetes/create-kubernetes.ts";
import type { CaLedger } from "../recording/create-ledger.ts";
import { TransitionLog } from "../recording/transition-log.ts";

export interface TransitionFollowers {
  readonly authorities: Authorities;
  readonly certificate: ServingCertificate;
  readonly ledger: CaLedger;
  readonly kubernetes: Kubernetes | undefined;
  readonly clock: TrustedClock;
  readonly logger: Logger;
}

/**
 * Makes every transition of the authorities, and every change of the clock, take effect in the other rooms. Returns
 * the log of transitions.
 */
export function followTransitions(followers: TransitionFollowers): TransitionLog {
  const { authorities, certificate, ledger, kubernetes, clock, logger } = followers;
  const { keeper, publicBundle, rotation } = authorities;
  const sweep = cronSweep("30 * * * * *");
  const transitions = new TransitionLog({
    ...{ log: ledger.acts, state: () => keeper.state, sweep, clock, logger },
  });
  keeper.onTransition(createTransitionObserver({ publicBundle, certificate, keeper, logger }));
  keeper.onTransition(() => kubernetes?.publish(forPublication(keeper.trustBundle())));
  keeper.onTransition(() => transitions.changed());
  kubernetes?.publish(forPublication(keeper.trustBundle()));
  kubernetes?.onLeading(() => void rotation.look(true));
  clock.onChange(() => certificate.clockChanged());
  logger.info("authorities in use", authoritiesInUse(keeper.state));
  return transitions;
}
