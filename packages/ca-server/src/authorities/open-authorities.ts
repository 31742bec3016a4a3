import { X509Certificate } from "node:crypto";
import type { Clock, Logger, Sweep } from "@kasbah/runtime";
import { StateError } from "../errors.ts";
import type { AuthorityOptions } from "./authority-options.ts";
import { AuthorityKeeper } from "./keeper.ts";
import type { AuthorityKeys } from "./keys/authority-keys.ts";
import { adoptPluggedIn, extraRootsOf } from "./plugged-in/authority.ts";
import { type PluggedInSet, requirePluggedInSet } from "./plugged-in/load-set.ts";
import { rehearseAlone } from "./plugged-in/rehearse-set.ts";
import type { Rehearse } from "./rehearsal/candidate.ts";
import { type AuthorityState, needsKey, rootOf, signsLeaves } from "./rotation/authority-state.ts";
import { establish } from "./rotation/rotation.ts";
import type { SelfSigned } from "./self-signed.ts";
import type { StateStore } from "./state-store.ts";

export interface OpenAuthoritiesDeps {
  readonly store: StateStore<AuthorityState>;
  readonly options: AuthorityOptions;
  readonly keys: AuthorityKeys;
  readonly selfSigned: SelfSigned;
  readonly stateSweep?: Sweep;
  /** Returns an existing CA to adopt if nothing is plugged in and no authority exists yet. */
  readonly takeOver?: () => Promise<PluggedInSet | undefined>;
  /** Tries a plugged-in CA before its first use. */
  readonly rehearse: Rehearse;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Opens the stored authorities, or creates the first ones. If keys exist but the state is missing or damaged,
 * start-up fails, so that no second root is ever created. An expired authority does not prevent the start: the CA
 * is not ready, and its operator can reach it.
 *
 * @throws StateError
 */
export async function openAuthorities(deps: OpenAuthoritiesDeps): Promise<AuthorityKeeper> {
  const { store, keys, stateSweep, clock, logger } = deps;
  const keeper = new AuthorityKeeper({
    store,
    keys,
    ...(stateSweep === undefined ? {} : { stateSweep }),
    clock,
    logger,
  });
  if (keeper.state.authorities.length === 0) await establishFirst(keeper, deps);
  await loadKeys(keeper.state, keys);
  verifyTrustDomain(keeper.state, deps);
  const { restoredAt } = keeper.state;
  if (restoredAt !== undefined) logger.warn("this CA was restored from a backup", { restoredAt });
  await keeper.destroyDistrustedKeys();
  return keeper;
}

/**
 * The empty state is durable before the first key is created, so a crash in between is distinguishable from
 * lost state.
 */
async function establishFirst(keeper: AuthorityKeeper, deps: OpenAuthoritiesDeps): Promise<void> {
  const { selfSigned, keys, clock, logger } = deps;
  const set = await pluggedInSet(deps);
  if (set !== undefined) await rehearseAlone(set, undefined, deps.rehearse);
  const { state } = keeper;
  const first =
    set === undefined ? await selfSigned.createRoot(state) : await adoptPluggedIn(set, state, keys, clock);
  await keeper.transition((empty) => {
    // Another replica established its authority first. Its authority counts; ours has never been used.
    if (empty.authorities.length > 0) return empty;
    const established = establish(empty, first);
    return set === undefined
      ? established
      : { ...established, extraRoots: extraRootsOf(set), pluggedInDigest: set.digest };
  });
  for (const { id, origin, certificate } of keeper.state.authorities) {
    logger.info("authority established", { authority: id, origin, fingerprint: certificate.fingerprint });
  }
}

async function pluggedInSet(deps: OpenAuthoritiesDeps): Promise<PluggedInSet | undefined> {
  const { options, clock } = deps;
  const { pluggedInDirectory, passphrase, profile } = options;
  if (pluggedInDirectory === undefined) return deps.takeOver?.();
  const secret = passphrase === undefined ? {} : { passphrase: passphrase.reveal() };
  return requirePluggedInSet(pluggedInDirectory, {
    trustDomain: profile.trustDomain,
    now: clock.now(),
    ...secret,
  });
}

/** Loads the keys that may have to sign leaves, and checks those of the roots above. @throws StateError */
export async function loadKeys(state: AuthorityState, keys: AuthorityKeys): Promise<void> {
  for (const authority of state.authorities.filter(needsKey)) {
    await (signsLeaves(state, authority) ? keys.load(authority) : keys.check(authority));
  }
}

/** @throws StateError `AUTHORITY_MISMATCH` if the CA's own root belongs to another trust domain */
function verifyTrustDomain(state: AuthorityState, { options }: OpenAuthoritiesDeps): void {
  const { trustDomain } = options.profile;
  const { id, origin, certificate } = rootOf(state, state.signerId);
  const { subject } = new X509Certificate(certificate.der);
  if (origin !== "self-signed" || subject === `O=${trustDomain.name}`) return;
  throw new StateError(
    "AUTHORITY_MISMATCH",
    `${id} has the subject ${JSON.stringify(subject)}, expected O=${trustDomain.name}: set --trust-domain to the root's trust domain, or use another --state-dir`,
  );
}
