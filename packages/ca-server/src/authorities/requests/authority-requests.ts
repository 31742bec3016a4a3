import { createAuthorityRequest } from "@kasbah/pki";
import type { CertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock, Logger } from "@kasbah/runtime";
import { OperationError, StateError } from "../../errors.ts";
import type { AuthorityKeeper } from "../keeper.ts";
import type { AuthorityKeys } from "../keys/authority-keys.ts";
import { adoptPluggedIn } from "../plugged-in/authority.ts";
import { type PluggedInSet, parsePluggedInSet } from "../plugged-in/load-set.ts";
import { rehearseChange } from "../plugged-in/rehearse-set.ts";
import type { Rehearse } from "../rehearsal/candidate.ts";
import type { AuthorityRequest } from "../rotation/authority-request.ts";
import { type AuthorityState, distrustedBy, rootOf, signersInUse } from "../rotation/authority-state.ts";
import type { AuthorityKind } from "../rotation/stored-authority.ts";
import { requireIdle } from "../rotation/succession.ts";
import type { SelfSignedProfile } from "../self-signed.ts";
import { RequestKeys } from "./pending-keys.ts";
import { asPluggedIn, certificatesIn, type SignedChain } from "./signed-chain.ts";
import { closeRequest, expiredRequests, fulfil, openRequest } from "./transitions.ts";

export interface AuthorityRequestsDeps {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly profile: Pick<SelfSignedProfile, "trustDomain" | "keyType">;
  readonly writer: CertificateWriter;
  readonly newSerial: () => Uint8Array;
  readonly rehearse: Rehearse;
  /** Called when a rotation is prepared, to advance it. */
  readonly onPrepared: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A CSR for the company's PKI, and until when the CA keeps its key. */
export interface NewRequest extends AuthorityRequest {
  readonly csrPem: string;
}

/** The authority that a signed chain has led to. */
export interface AdoptedChain {
  readonly requestId: string;
  readonly authorityId: string;
  readonly kind: AuthorityKind;
}

const dayMs = 86_400_000;
/** A ceremony of an offline root may take weeks. */
const lifetimeMs = 60 * dayMs;
/** Each is a key in the vault. */
const maxOpen = 8;

/**
 * Intermediates whose certificates the company's PKI signs. Their keys are made here and never leave the vault,
 * so no operator handles one.
 */
export class AuthorityRequestDesk {
  readonly #deps: AuthorityRequestsDeps;
  readonly #keys: RequestKeys;

  constructor(deps: AuthorityRequestsDeps) {
    this.#deps = deps;
    this.#keys = new RequestKeys(deps);
  }

  /** Makes a key durable, and returns the CSR for it. @throws OperationError if too many are outstanding */
  async create(): Promise<NewRequest> {
    const { keeper, profile, clock, logger } = this.#deps;
    refuseMore(keeper.state);
    const now = clock.now();
    const expiresAt = new Date(now.getTime() + lifetimeMs);
    const { id, keyPair } = await this.#keys.provide(keeper.state, { notBefore: now, notAfter: expiresAt });
    const request = { id, createdAt: now, expiresAt };
    await keeper.transition((state) => openRequest(state, request));
    logger.info("certificate request created", { request: id, expiresAt });
    const names = { organization: profile.trustDomain.name, commonName: `kasbah ${id}` };
    return { ...request, csrPem: createAuthorityRequest(keyPair, names) };
  }

  /**
   * Begins a rotation to the intermediate in a signed chain. A chain under another root begins a rotation of the
   * root.
   *
   * @throws OperationError if the chain is for no outstanding CSR, or if no rotation may begin; StateError
   * `PLUGGED_IN_REJECTED` or `REHEARSAL_FAILED` naming the certificate that clients would refuse
   */
  async adopt(signed: SignedChain): Promise<AdoptedChain> {
    const { keeper, keys, profile, rehearse, clock, logger } = this.#deps;
    const { state } = keeper;
    const now = clock.now();
    const given = certificatesIn(signed);
    const { requestId, pair } = await this.#keys.match(state, given);
    const rootsInUse = signersInUse(state).map((id) => rootOf(state, id).certificate);
    const files = asPluggedIn(pair, given, rootsInUse);
    const set = parsePluggedInSet("the signed chain", files, { trustDomain: profile.trustDomain, now });
    refuseDistrusted(set, state);
    for (const warning of await rehearseChange(set, state, keys, rehearse))
      logger.warn("some clients reject the signed chain", { request: requestId, warning });
    requireIdle(state, kindOf(set, state));
    const successor = await adoptPluggedIn(set, state, keys, clock);
    await keeper.transition((current) => fulfil(current, requestId, successor, now));
    await this.#keys.destroy(requestId);
    const { signerId: authorityId, kind } = successor;
    logger.info("signed chain adopted", { request: requestId, authority: authorityId, change: kind });
    await this.#deps.onPrepared();
    return { requestId, authorityId, kind };
  }

  /** Destroys the keys of expired requests, and those that a crash left behind. Only the leader may call it. */
  async look(): Promise<void> {
    const { keeper, clock, logger } = this.#deps;
    for (const { id } of expiredRequests(keeper.state, clock.now())) {
      await keeper.transition((state) => closeRequest(state, id));
      logger.warn("certificate request expired; its key is destroyed", { request: id });
    }
    await this.#keys.destroyClosed(keeper.state);
  }
}

function refuseMore({ requests }: AuthorityState): void {
  const { open } = requests;
  if (open.length < maxOpen) return;
  const next = new Date(Math.min(...open.map(({ expiresAt }) => expiresAt.getTime())));
  throw new OperationError(
    `${open.length} CSRs are outstanding: adopt the signed chain of one, or wait until ${next.toISOString()}`,
  );
}

function refuseDistrusted({ signer, intermediates, root }: PluggedInSet, state: AuthorityState): void {
  const distrusted = distrustedBy(state, [signer.certificate, ...intermediates, root]);
  if (distrusted === undefined) return;
  throw new StateError(
    "PLUGGED_IN_REJECTED",
    `the signed chain contains the key of ${distrusted.id}, which an operator distrusted: have the CSR signed by another CA`,
  );
}

function kindOf({ root }: PluggedInSet, state: AuthorityState): AuthorityKind {
  const isInUse = signersInUse(state).some((id) => rootOf(state, id).certificate.equals(root));
  return isInUse ? "intermediate" : "root";
}
