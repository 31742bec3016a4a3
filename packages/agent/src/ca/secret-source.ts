import { createCertificateRequest, createKeyPair, type KeyFormat, type KeyType } from "@kasbah/pki";
import type { Clock, Secret } from "@kasbah/runtime";
import { type IdentityOptions, resolveIdentity } from "../identity.ts";
import type { FetchedSecret, SecretSource } from "../rotation/rotator.ts";
import type { CertificateAuthority } from "./ca-client.ts";
import type { HeldRoots } from "./held-roots.ts";
import { verifyReply } from "./verify-reply.ts";

export interface CaSecretSourceOptions {
  readonly authority: CertificateAuthority;
  readonly roots: HeldRoots;
  readonly readToken: () => Promise<Secret>;
  readonly identity: IdentityOptions;
  readonly keyType: KeyType;
  readonly keyFormat: KeyFormat;
  readonly ttlMs: number;
  readonly clock: Clock;
}

/** One attempt from token to verified secret, with a new key each time. */
export class CaSecretSource implements SecretSource {
  readonly #options: CaSecretSourceOptions;

  constructor(options: CaSecretSourceOptions) {
    this.#options = options;
  }

  async fetch(signal: AbortSignal): Promise<FetchedSecret> {
    const { authority, roots, clock, ttlMs } = this.#options;
    const token = await this.#options.readToken();
    const spiffeId = resolveIdentity(token.reveal(), this.#options.identity);
    const held = await roots.load();
    const keyPair = await createKeyPair(this.#options.keyType);
    const csrPem = createCertificateRequest(keyPair, spiffeId);
    const chain = await authority.createCertificate({ csrPem, ttlMs, token, roots: held }, signal);

    const now = clock.now();
    const reply = verifyReply(chain, { publicKey: keyPair.publicKey, spiffeId, held, now });
    roots.learn(reply.roots);
    const { leaf, intermediates } = reply;
    const notAfter = new Date(Math.min(...[leaf, ...intermediates].map((one) => one.notAfter.getTime())));
    return {
      spiffeId,
      keyPair,
      keyFormat: this.#options.keyFormat,
      leaf,
      intermediates,
      bundle: roots.with(reply.roots),
      receivedAt: now,
      notAfter,
    };
  }
}
