import { maxBackdateMs } from "@kasbah/pki";
import type { CertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock, Logger } from "@kasbah/runtime";
import type { AuthorityKeeper } from "../keeper.ts";
import type { AuthorityKeys } from "../keys/authority-keys.ts";
import type { CrossCertificate } from "../rotation/cross-certificate.ts";
import { withCross, withoutExpired } from "./cross-chain.ts";
import { type RootChange, wantedCross } from "./root-change.ts";

export interface CrossCertifierDeps {
  readonly keeper: Pick<AuthorityKeeper, "state" | "transition">;
  readonly keys: AuthorityKeys;
  readonly writer: CertificateWriter;
  readonly newSerial: () => Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Creates cross-certificates while the old root's key exists, and forgets expired ones. */
export class CrossCertifier {
  readonly #deps: CrossCertifierDeps;

  constructor(deps: CrossCertifierDeps) {
    this.#deps = deps;
  }

  /**
   * Makes the cross-certificate of the rotation in progress durable, unless it exists. The rotation must not
   * advance before: otherwise the old root's key could be destroyed first.
   *
   * @throws PkiError `LINT_FAILED`; StateError if the key or the state cannot be used
   */
  async ensure(): Promise<void> {
    const { keeper, clock, logger } = this.#deps;
    const now = clock.now();
    const wanted = wantedCross(keeper.state, now);
    if (wanted === undefined) {
      if (withoutExpired(keeper.state, now) !== keeper.state)
        await keeper.transition((state) => withoutExpired(state, now));
      return;
    }
    const cross = await this.#certify(wanted, now);
    await keeper.transition((state) =>
      isSame(wantedCross(state, now), wanted) ? withCross(state, cross, now) : state,
    );
    const { issuerId, subjectId, certificate } = cross;
    const { fingerprint, notAfter } = certificate;
    logger.info("cross-certificate created", { issuer: issuerId, subject: subjectId, fingerprint, notAfter });
  }

  async #certify({ from, to }: RootChange, now: Date): Promise<CrossCertificate> {
    const { keys, writer, newSerial } = this.#deps;
    const notAfterMs = Math.min(from.certificate.notAfter.getTime(), to.certificate.notAfter.getTime());
    const notBefore = new Date(Math.floor((now.getTime() - maxBackdateMs) / 1000) * 1000);
    const validity = { notBefore, notAfter: new Date(notAfterMs) };
    const template = { serial: newSerial(), validity, root: to.certificate };
    const certificate = await writer.writeCross(template, {
      certificate: from.certificate,
      signingKey: keys.certifier(from),
    });
    return { issuerId: from.id, subjectId: to.id, certificate };
  }
}

function isSame(one: RootChange | undefined, other: RootChange): boolean {
  return one?.from.id === other.from.id && one.to.id === other.to.id;
}
