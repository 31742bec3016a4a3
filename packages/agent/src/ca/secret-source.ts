import {
  type Certificate,
  createCertificateRequest,
  createKeyPair,
  type KeyFormat,
  type KeyType,
} from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import { AgentError, type ReplyFault } from "../errors.ts";
import type { FetchedSecret, SecretSource } from "../rotation/rotator.ts";
import { chainEnd } from "../secret/certificate-chain.ts";
import type { SkippedRootsObserver } from "../secret/skipped-roots.ts";
import type { CertificateAuthority } from "./ca-client.ts";
import { clockOffsetMs } from "./clock-offset.ts";
import type { CaCredentials } from "./credentials/credentials.ts";
import type { TrustedRoots } from "./roots/held-roots.ts";
import { verifyReply } from "./verify-reply.ts";

/** Observes verification results, for metrics. */
export interface ReplyObserver {
  onDiscarded(fault: ReplyFault): void;
  /** How far the CA's clock is ahead of the local clock; negative if it is behind. */
  onClockOffset(offsetMs: number): void;
}

export interface CaSecretSourceDeps {
  readonly authority: CertificateAuthority;
  readonly roots: TrustedRoots;
  readonly skippedRoots?: SkippedRootsObserver;
  /** Called for each attempt. */
  readonly credentials: () => Promise<CaCredentials>;
  readonly keyType: KeyType;
  readonly keyFormat: KeyFormat;
  readonly ttlMs: number;
  /** Returns the deadline of the call; called for each attempt. */
  readonly deadlineMs: () => number;
  readonly clock: Clock;
  readonly observer: ReplyObserver;
}

/** One attempt at one CA, from credentials to verified secret, with a new key each time. */
export class CaSecretSource implements SecretSource {
  readonly #deps: CaSecretSourceDeps;

  constructor(deps: CaSecretSourceDeps) {
    this.#deps = deps;
  }

  async fetch(signal: AbortSignal): Promise<FetchedSecret> {
    const { authority, roots, clock, ttlMs, keyFormat } = this.#deps;
    const { spiffeId, ...credentials } = await this.#deps.credentials();
    const { tls, held, inFile } = await roots.forCall();
    const keyPair = await createKeyPair(this.#deps.keyType);
    const csrPem = createCertificateRequest(keyPair, spiffeId);
    const askedAt = clock.now();
    const connection = { deadlineMs: this.#deps.deadlineMs(), ...credentials, roots: tls, inFile };
    let serverChain: readonly Uint8Array[] = [];
    const onServerChain = (sent: readonly Uint8Array[]) => {
      serverChain = sent;
    };
    const call = { csrPem, ttlMs, ...connection, onServerChain };
    const chain = await authority.createCertificate(call, signal);

    const now = clock.now();
    const onProven = (leaf: Certificate) => this.#measure(leaf, askedAt, now);
    const expected = { publicKey: keyPair.publicKey, spiffeId, held, serverChain, now, onProven };
    const reply = this.#counted(() => verifyReply(chain, expected));
    roots.learn(reply.roots);
    this.#deps.skippedRoots?.onSkippedRoots("the CA's reply", reply.skippedRoots);
    const { leaf, intermediates } = reply;
    const notAfter = chainEnd([leaf, ...intermediates]);
    const bundle = roots.with(reply.roots);
    return { spiffeId, keyPair, keyFormat, leaf, intermediates, bundle, receivedAt: now, notAfter };
  }

  #measure(leaf: Certificate, askedAt: Date, receivedAt: Date): void {
    const { ttlMs: requestedTtlMs, observer } = this.#deps;
    const offsetMs = clockOffsetMs({ leaf, requestedTtlMs, askedAt, receivedAt });
    if (offsetMs !== undefined) observer.onClockOffset(offsetMs);
  }

  #counted<T>(verify: () => T): T {
    try {
      return verify();
    } catch (error) {
      if (error instanceof AgentError && error.replyFault) this.#deps.observer.onDiscarded(error.replyFault);
      throw error;
    }
  }
}
