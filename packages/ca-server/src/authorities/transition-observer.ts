import type { Logger } from "@kasbah/runtime";
import type { AuthorityKeeper, TransitionListener } from "./keeper.ts";
import { type AuthorityState, authorityOf, rootOf } from "./rotation/authority-state.ts";

export interface TransitionObserverDeps {
  readonly publicBundle: { publish(): Promise<void> };
  readonly certificate: { issuerChanged(): void; trustChanged(): void };
  readonly keeper: Pick<AuthorityKeeper, "destroyDistrustedKeys">;
  readonly logger: Logger;
}

/**
 * Applies a transition to everything that depends on the authorities: the public bundle, the serving
 * certificate and the log.
 */
export function createTransitionObserver(deps: TransitionObserverDeps): TransitionListener {
  const { publicBundle, certificate, keeper, logger } = deps;
  return (state, before) => {
    logTransition(state, before, logger);
    if (servingChainOf(state) !== servingChainOf(before)) certificate.issuerChanged();
    certificate.trustChanged();
    void publicBundle.publish();
    keeper.destroyDistrustedKeys().catch((error: unknown) => {
      logger.error("cannot destroy the key of a distrusted authority", { error });
    });
  };
}

/** Identifies the chain of the CA's own TLS, which changes with its issuer and with its cross-certificates. */
function servingChainOf({ servingSignerId, crossCertificates }: AuthorityState): string {
  return [servingSignerId, ...crossCertificates.map(({ certificate }) => certificate.fingerprint)].join();
}

/** The signing authorities, as fields for the log. */
export function authoritiesInUse(state: AuthorityState) {
  const signer = authorityOf(state, state.signerId);
  const root = rootOf(state, state.signerId);
  return {
    epoch: state.epoch,
    signer: signer.id,
    signerFingerprint: signer.certificate.fingerprint,
    signerNotAfter: signer.certificate.notAfter,
    root: root.id,
    rootFingerprint: root.certificate.fingerprint,
    rootNotAfter: root.certificate.notAfter,
    ...(state.rotation === undefined ? {} : { rotation: `${state.rotation.from} to ${state.rotation.to}` }),
  };
}

function logTransition(state: AuthorityState, before: AuthorityState, logger: Logger): void {
  const stageOf = (id: string) => before.authorities.find((one) => one.id === id)?.stage;
  for (const { id, stage, certificate } of state.authorities) {
    const from = stageOf(id);
    if (from === stage) continue;
    const { fingerprint } = certificate;
    logger.info("authority entered a stage", { authority: id, stage, from, fingerprint, epoch: state.epoch });
  }
  if (state.signerId !== before.signerId) {
    logger.info("signing authority changed", { ...authoritiesInUse(state) });
  }
  if (state.hold !== before.hold)
    logger.info("rotation hold changed", { hold: state.hold, epoch: state.epoch });
}
