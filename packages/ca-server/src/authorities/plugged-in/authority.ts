import type { Certificate } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import type { AuthorityKeys } from "../keys/authority-keys.ts";
import { type AuthorityState, rootOf, signersInUse } from "../rotation/authority-state.ts";
import type { AuthorityKind, StoredAuthority } from "../rotation/stored-authority.ts";
import type { Successor } from "../rotation/succession.ts";
import type { PluggedInSet } from "./load-set.ts";

/**
 * Adopts a plugged-in set and stores its key durably: the set stays in use through every stage of a rotation,
 * while the operator's directory may already contain another one.
 */
export async function adoptPluggedIn(
  set: PluggedInSet,
  state: AuthorityState,
  keys: AuthorityKeys,
  clock: Clock,
): Promise<Successor> {
  const now = clock.now();
  const isRoot = set.signer.certificate.fingerprint === set.root.fingerprint;
  const known = rootInUse(state, set);
  if (isRoot) {
    const root = {
      ...preparedAuthority("root", await keepSigner("root", set, state, keys), set, now),
      hasKey: true,
    };
    return { kind: "root", authorities: [root], signerId: root.id };
  }
  const root = known ?? storedRoot(`root-${state.made.root + 1}`, set, now);
  const id = await keepSigner("intermediate", set, state, keys);
  const signer = {
    ...preparedAuthority("intermediate", id, set, now),
    rootId: root.id,
    chain: set.intermediates,
  };
  return known === undefined
    ? { kind: "root", authorities: [root, signer], signerId: id }
    : { kind: "intermediate", authorities: [signer], signerId: id };
}

/**
 * The set's other roots. They stay trusted whichever authority signs: the operator added them for other
 * meshes, or for earlier roots.
 */
export function extraRootsOf(set: PluggedInSet): readonly Certificate[] {
  const others = set.roots.roots.filter(({ fingerprint }) => fingerprint !== set.root.fingerprint);
  const isOdd = ({ waivedRule }: Certificate) => waivedRule !== undefined;
  // The order in which the control state stores them.
  return [...others.filter((root) => !isOdd(root)), ...others.filter(isOdd)];
}

function rootInUse(state: AuthorityState, { root }: PluggedInSet): StoredAuthority | undefined {
  if (state.signerId === "") return undefined;
  const roots = signersInUse(state).map((id) => rootOf(state, id));
  return roots.find(({ certificate }) => certificate.fingerprint === root.fingerprint);
}

async function keepSigner(
  kind: AuthorityKind,
  { signer }: PluggedInSet,
  state: AuthorityState,
  keys: AuthorityKeys,
): Promise<string> {
  for (let number = state.made[kind] + 1; ; number++) {
    const id = `${kind}-${number}`;
    const found = await keys.find(id);
    if (found === undefined) await keys.keep(id, signer);
    else if (found.certificate.fingerprint !== signer.certificate.fingerprint) continue;
    keys.hold(id, signer);
    return id;
  }
}

function storedRoot(id: string, set: PluggedInSet, now: Date): StoredAuthority {
  return {
    ...preparedAuthority("root", id, set, now),
    certificate: set.root,
    createdAt: set.root.notBefore,
    hasKey: false,
  };
}

function preparedAuthority(
  kind: AuthorityKind,
  id: string,
  { signer }: PluggedInSet,
  now: Date,
): StoredAuthority {
  return {
    id,
    kind,
    origin: "plugged-in",
    rootId: id,
    certificate: signer.certificate,
    chain: [],
    hasKey: true,
    stage: "prepared",
    stageSince: now,
    createdAt: signer.certificate.notBefore,
    leafHorizon: new Date(0),
  };
}
