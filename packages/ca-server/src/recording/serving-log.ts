import { type EntryLog, encodeEntry, type ServingFacts, servingEntry } from "@kasbah/ledger";
import type { Certificate } from "@kasbah/pki";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";

export interface ServingLogDeps {
  readonly log: Pick<EntryLog, "append">;
  /** When to retry certificates that could not be recorded: every minute. */
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** More than the certificates that the CA issues to itself while an operator frees space on a full disk. */
const maxWaiting = 1000;

/**
 * Records the CA's own serving certificates. A ledger that cannot be written never prevents one: without it, no
 * caller could connect to learn why, so it is recorded as soon as the ledger accepts entries again.
 */
export class ServingLog implements Component {
  readonly name = "serving log";
  readonly #deps: ServingLogDeps;
  #waiting: Uint8Array[] = [];
  #sweeping: { stop(): void } | undefined;
  #recording: Promise<void> = Promise.resolve();

  constructor(deps: ServingLogDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#sweeping = this.#deps.sweep(() => void this.#retry());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    await this.#retry();
  }

  /** Resolves when the certificate is recorded, or waits to be; never rejects. */
  async record(certificate: Certificate, issuer: Certificate): Promise<void> {
    const { clock, logger } = this.#deps;
    const facts = factsOf(certificate, issuer);
    this.#waiting.push(encodeEntry(servingEntry(facts, clock.now())));
    await this.#retry();
    if (this.#waiting.length === 0) return;
    const { serial, fingerprint } = facts;
    logger.warn("serving certificate will be recorded when the ledger can be written", {
      serial,
      fingerprint,
    });
    this.#waiting = this.#waiting.slice(-maxWaiting);
  }

  #retry(): Promise<void> {
    this.#recording = this.#recording.then(() => this.#recordWaiting());
    return this.#recording;
  }

  async #recordWaiting(): Promise<void> {
    const { log } = this.#deps;
    while (this.#waiting[0] !== undefined) {
      const isDurable = await log.append(this.#waiting[0]).then(
        () => true,
        () => false,
      );
      if (!isDurable) return;
      this.#waiting = this.#waiting.slice(1);
    }
  }
}

function factsOf(certificate: Certificate, issuer: Certificate): ServingFacts {
  const { serial, fingerprint, publicKey, notBefore, notAfter } = certificate;
  const { dnsNames, ipAddresses, uriNames } = certificate;
  return {
    serial,
    fingerprint,
    spkiHash: publicKey.hash,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    authority: issuer.fingerprint,
    names: [...dnsNames, ...ipAddresses, ...uriNames].join(", "),
  };
}
