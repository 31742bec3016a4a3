import {
  type Certificate,
  createKeyPair,
  leafValidity,
  lintServingCertificate,
  type PublicKey,
  type TrustBundle,
} from "@kasbah/pki";
import type { CertificateWriter, SubjectAltName } from "@kasbah/pki/certificate-writer";
import {
  type Clock,
  type Component,
  type Logger,
  Loop,
  OncePerReason,
  type Scheduler,
} from "@kasbah/runtime";
import type { ServingIdentity } from "@kasbah/runtime/grpc";
import type { ServingIssuer } from "../issuance/ports.ts";

/** Selects the authority that issues the serving certificate. */
export interface ServingIssuerSource {
  /** @throws CaError `ISSUER_UNAVAILABLE` if no authority may sign at that time. */
  servingIssuer(now: Date): ServingIssuer;
  trustBundle(): TrustBundle;
}

export interface ServingCertificateDeps {
  readonly issuers: ServingIssuerSource;
  readonly writer: CertificateWriter;
  readonly newSerial: () => Uint8Array;
  /** Records each certificate; never rejects. */
  readonly log: { record(certificate: Certificate, issuer: Certificate): Promise<void> };
  readonly names: readonly SubjectAltName[];
  /** Whether the server requests client certificates. */
  readonly asksClients: boolean;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lifetimeMs = 24 * 3_600_000;
const retryMs = 5_000;

/**
 * The server's own certificate. It is renewed with a new key after half of its lifetime. The key stays in
 * memory.
 */
export class ServingCertificate implements Component {
  readonly name = "serving certificate";
  readonly #deps: ServingCertificateDeps;
  readonly #loop: Loop;
  readonly #trouble = new OncePerReason();
  #current: ServingIdentity | undefined;
  #renewAt = new Date(0);
  #notBefore = new Date(0);
  #waiting = new AbortController();
  #listener: ((identity: ServingIdentity) => void) | undefined;

  constructor(deps: ServingCertificateDeps) {
    this.#deps = deps;
    this.#loop = new Loop({ clock: deps.clock, pass: (signal) => this.#renewWhenDue(signal) });
  }

  /** The identity for new handshakes; undefined until an authority can issue one. */
  current(): ServingIdentity | undefined {
    return this.#current;
  }

  /** Sets the listener for every later identity. */
  onChange(listener: (identity: ServingIdentity) => void): void {
    this.#listener = listener;
  }

  /** Renews the certificate immediately, because another authority must issue it. */
  issuerChanged(): void {
    this.#renewAt = new Date(0);
    this.#waiting.abort();
  }

  /** Renews a certificate that begins in the future, because the clock was set back since it was issued. */
  clockChanged(): void {
    if (this.#notBefore > this.#deps.clock.now()) this.issuerChanged();
  }

  /** Requests client certificates of the new roots from now on, or issues the first certificate. */
  trustChanged(): void {
    if (this.#current === undefined) this.issuerChanged();
    if (this.#current === undefined || !this.#deps.asksClients) return;
    this.#current = { ...this.#current, ...this.#clientRoots() };
    this.#listener?.(this.#current);
  }

  /** Resolves even if no authority can issue the certificate yet: an operator must be able to reach the CA. */
  async start(): Promise<void> {
    await this.#renew().catch((error: unknown) => this.#retry("cannot issue the serving certificate", error));
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #renewWhenDue(signal: AbortSignal): Promise<number> {
    try {
      await this.#waitUntilDue(signal);
      await this.#renew();
    } catch (error) {
      if (signal.aborted) return 0;
      this.#retry("cannot renew the serving certificate", error);
    }
    return 0;
  }

  #retry(event: string, error: unknown): void {
    const { clock, logger } = this.#deps;
    const reason = error instanceof Error ? error.message : String(error);
    this.#trouble.failed(reason, () => logger.error(event, { error }));
    this.#renewAt = new Date(clock.now().getTime() + retryMs);
  }

  async #waitUntilDue(signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    this.#waiting = waiting;
    const either = AbortSignal.any([signal, waiting.signal]);
    await this.#deps.scheduler.waitUntil(this.#renewAt, either).catch((error: unknown) => {
      if (!waiting.signal.aborted) throw error;
    });
    signal.throwIfAborted();
  }

  async #renew(): Promise<void> {
    const { issuers, log, clock, logger } = this.#deps;
    const now = clock.now();
    const issuer = issuers.servingIssuer(now);
    const keyPair = await createKeyPair("P-256");
    const leaf = await this.#issue(keyPair.publicKey, issuer, now);
    await log.record(leaf, issuer.certificate);
    const { intermediates, crossCertificates } = issuer;
    const chain = [leaf, ...intermediates, ...crossCertificates];
    this.#current = {
      certificateChainPem: chain.map((certificate) => certificate.toPem()).join(""),
      privateKeyPem: keyPair.toPkcs8Pem(),
      ...this.#clientRoots(),
    };
    this.#notBefore = leaf.notBefore;
    this.#renewAt = renewalOf(now, [leaf.notAfter, ...crossCertificates.map((one) => one.notAfter)]);
    this.#trouble.clear();
    logger.info("serving certificate issued", { serial: leaf.serial, notAfter: leaf.notAfter });
    this.#listener?.(this.#current);
  }

  async #issue(publicKey: PublicKey, issuer: ServingIssuer, now: Date): Promise<Certificate> {
    const { writer, newSerial, names } = this.#deps;
    const validity = leafValidity({ now, ttlMs: lifetimeMs, issuerNotAfter: issuer.latestLeafExpiry });
    const template = { serial: newSerial(), validity, publicKey, subjectAltNames: names, serverOnly: true };
    const leaf = await writer.writeLeaf(template, issuer);
    lintServingCertificate(leaf, { names, publicKey, issuer: issuer.certificate, validity });
    return leaf;
  }

  #clientRoots(): Pick<ServingIdentity, "clientRootsPem"> {
    const { asksClients, issuers } = this.#deps;
    return asksClients ? { clientRootsPem: issuers.trustBundle().toPem() } : {};
  }
}

/** Halfway to the expiry of the leaf, but no later than a cross-certificate expires, so that none is served expired. */
function renewalOf(now: Date, [leafEnd, ...crossEnds]: readonly [Date, ...Date[]]): Date {
  const halfway = (now.getTime() + leafEnd.getTime()) / 2;
  return new Date(Math.min(halfway, ...crossEnds.map((end) => end.getTime())));
}
