import { type Certificate, createKeyPair, type KeyType, type TrustDomain, type Validity } from "@kasbah/pki";
import type { CertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock } from "@kasbah/runtime";
import { buildDate } from "../clock/build-date.ts";
import { CaError } from "../errors.ts";
import type { SigningPair } from "./keys/authority-files.ts";
import type { AuthorityKeys } from "./keys/authority-keys.ts";
import type { Rehearse } from "./rehearsal/candidate.ts";
import { SelfMadeRehearsal } from "./rehearsal/self-made.ts";
import { type AuthorityState, rootOf } from "./rotation/authority-state.ts";
import type { AuthorityKind, StoredAuthority } from "./rotation/stored-authority.ts";
import type { Successor } from "./rotation/succession.ts";

/**
 * Authorities begin in the past, so that they are already valid if the clock was up to two days ahead when they
 * were made and is then set right. Leaves begin at most two minutes in the past.
 */
const authorityBackdateMs = 48 * 3_600_000;

/** The properties of the authorities that the CA creates. */
export interface SelfSignedProfile {
  readonly trustDomain: TrustDomain;
  /** For roots and intermediates alike. */
  readonly keyType: KeyType;
  readonly rootTtlMs: number;
  readonly intermediateTtlMs: number;
  /** Without an intermediate, the root signs the leaves, as in Istio's chain of two. */
  readonly withIntermediate: boolean;
  /** Whether a critical URI name constraint limits intermediates to the trust domain. */
  readonly nameConstraints: boolean;
}

export interface SelfSignedDeps {
  readonly profile: SelfSignedProfile;
  readonly keys: AuthorityKeys;
  readonly writer: CertificateWriter;
  readonly newSerial: () => Uint8Array;
  /** Tries an authority before its key is stored. */
  readonly rehearse: Rehearse;
  /** No root is created before this date; by default that of the release. */
  readonly builtAt?: Date;
  readonly clock: Clock;
}

/**
 * Creates authorities with new keys. Each is durable when a method resolves, but the state does not contain
 * it yet. If a crash follows, the next call finds it under the next id and adopts it, so that no second root
 * is ever created.
 */
export class SelfSigned {
  readonly #deps: SelfSignedDeps;
  readonly #rehearsal: SelfMadeRehearsal;

  constructor(deps: SelfSignedDeps) {
    this.#deps = deps;
    this.#rehearsal = new SelfMadeRehearsal(deps.rehearse);
  }

  /** The reason why the latest authority that the CA created cannot be used, if any. */
  warnings(): readonly string[] {
    return this.#rehearsal.warnings();
  }

  /** Creates a root and, unless the root signs leaves itself, an intermediate under it. */
  async createRoot(state: AuthorityState): Promise<Successor> {
    const root = await this.#provide("root", state, {
      write: () => this.#writeRoot(),
      fits: (pair) => this.#isFreshRoot(pair),
      rootOf: ({ certificate }) => (this.#deps.profile.withIntermediate ? undefined : certificate),
    });
    if (!this.#deps.profile.withIntermediate) return { kind: "root", authorities: [root], signerId: root.id };
    const intermediate = await this.#createUnder(root, state);
    return { kind: "root", authorities: [root, intermediate], signerId: intermediate.id };
  }

  /** Creates an intermediate under a root in use, by default the one that signs. */
  async createIntermediate(state: AuthorityState, root = rootOf(state, state.signerId)): Promise<Successor> {
    const intermediate = await this.#createUnder(root, state);
    return { kind: "intermediate", authorities: [intermediate], signerId: intermediate.id };
  }

  /** Creates an intermediate under a root that returns; the root itself if it signs leaves. */
  async createSignerUnder(root: StoredAuthority, state: AuthorityState): Promise<StoredAuthority> {
    return this.#deps.profile.withIntermediate ? this.#createUnder(root, state) : root;
  }

  async #createUnder(root: StoredAuthority, state: AuthorityState): Promise<StoredAuthority> {
    const { intermediateTtlMs } = this.#deps.profile;
    const authority = await this.#provide("intermediate", state, {
      write: (number) => this.#writeIntermediate(root, number),
      fits: ({ certificate }) =>
        certificate.isIssuedBy(root.certificate) && this.#isFresh(certificate, intermediateTtlMs),
      rootOf: () => root.certificate,
    });
    return { ...authority, rootId: root.id };
  }

  /**
   * Uses the first number whose directory is free or contains a matching authority that a crash left behind.
   * A key is stored only if its authority works, so that a configuration which cannot work leaves no keys.
   */
  async #provide(kind: AuthorityKind, state: AuthorityState, make: Making): Promise<StoredAuthority> {
    const { keys, clock } = this.#deps;
    for (let number = state.made[kind] + 1; ; number++) {
      const id = `${kind}-${number}`;
      const found = await keys.find(id);
      if (found !== undefined && !(make.fits(found) && (await this.#works(found, make, state)))) continue;
      const pair = found ?? (await make.write(number));
      if (found === undefined) {
        const root = make.rootOf(pair);
        if (root !== undefined) await this.#rehearsal.verify(pair, root, state);
        await keys.keep(id, pair);
      }
      if (make.rootOf(pair) !== undefined) keys.hold(id, pair);
      return preparedAuthority(kind, id, pair, clock.now());
    }
  }

  async #works(found: SigningPair, { rootOf: above }: Making, state: AuthorityState): Promise<boolean> {
    const root = above(found);
    return root === undefined || (await this.#rehearsal.passes(found, root, state));
  }

  #isFreshRoot({ certificate }: SigningPair): boolean {
    return certificate.isIssuedBy(certificate) && this.#isFresh(certificate, this.#deps.profile.rootTtlMs);
  }

  /** Whether an authority is recent enough to be the remains of a crash. An older one has an unknown history. */
  #isFresh({ notBefore, notAfter }: Certificate, ttlMs: number): boolean {
    const nowMs = this.#deps.clock.now().getTime();
    return nowMs - (notBefore.getTime() + authorityBackdateMs) < ttlMs / 3 && nowMs < notAfter.getTime();
  }

  async #writeRoot(): Promise<SigningPair> {
    const { profile, writer, newSerial, clock } = this.#deps;
    requireTimeAfter(this.#deps.builtAt ?? buildDate, clock.now());
    const keyPair = await createKeyPair(profile.keyType);
    const validity = authorityValidity(clock.now(), profile.rootTtlMs);
    const template = { serial: newSerial(), validity, organization: profile.trustDomain.name };
    return { keyPair, certificate: await writer.writeRoot(template, keyPair) };
  }

  async #writeIntermediate(root: StoredAuthority, number: number): Promise<SigningPair> {
    const { profile, writer, newSerial, clock, keys } = this.#deps;
    const keyPair = await createKeyPair(profile.keyType);
    const { trustDomain } = profile;
    const template = {
      serial: newSerial(),
      validity: authorityValidity(clock.now(), profile.intermediateTtlMs, root.certificate),
      organization: trustDomain.name,
      commonName: `kasbah intermediate ${number}`,
      publicKey: keyPair.publicKey,
      ...(profile.nameConstraints ? { permittedTrustDomain: trustDomain } : {}),
    };
    const signer = { certificate: root.certificate, signingKey: keys.certifier(root) };
    return { keyPair, certificate: await writer.writeIntermediate(template, signer) };
  }
}

/** How an authority of one kind is created. */
interface Making {
  write(number: number): Promise<SigningPair>;
  /** Whether a key that a crash left behind belongs here. */
  fits(pair: SigningPair): boolean;
  /** The root above a signer; undefined for a root that signs no leaves. */
  rootOf(pair: SigningPair): Certificate | undefined;
}

/** Within the validity of the issuer, if there is one. */
function authorityValidity(now: Date, ttlMs: number, issuer?: Validity): Validity {
  const start = now.getTime() - authorityBackdateMs;
  const end = now.getTime() + ttlMs;
  if (issuer === undefined) return { notBefore: wholeSecond(start), notAfter: wholeSecond(end) };
  return {
    notBefore: wholeSecond(Math.max(start, issuer.notBefore.getTime())),
    notAfter: wholeSecond(Math.min(end, issuer.notAfter.getTime())),
  };
}

/** Clients would reject a root that expires before they see it. */
function requireTimeAfter(builtAt: Date, now: Date): void {
  if (now >= builtAt) return;
  throw new CaError("CLOCK_SUSPECT", "no root is created before the date of this release", {
    expected: `a time after ${builtAt.toISOString().slice(0, 10)}`,
    seen: now.toISOString(),
    fix: "set the clock of this machine",
  });
}

function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

/** An authority that a crash left behind is older than its state. */
function createdAtOf({ notBefore }: Validity, now: Date): Date {
  return new Date(Math.min(now.getTime(), notBefore.getTime() + authorityBackdateMs));
}

function preparedAuthority(
  kind: AuthorityKind,
  id: string,
  { certificate }: SigningPair,
  now: Date,
): StoredAuthority {
  return {
    id,
    kind,
    origin: "self-signed",
    rootId: id,
    certificate,
    chain: [],
    hasKey: true,
    stage: "prepared",
    stageSince: now,
    createdAt: createdAtOf(certificate, now),
    leafHorizon: new Date(0),
  };
}
