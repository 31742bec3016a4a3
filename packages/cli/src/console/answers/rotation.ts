import type { ConsoleAuthority, ConsoleLeaf, ConsoleRotation } from "@kasbah/console";
import type { AuthorityMessage, AuthorityStatusMessage, LeafMessage } from "@kasbah/protocol";
import type { Replicated } from "../../authority/replicated.ts";

/** The status of the authorities, with its times as text. */
export function describeRotation(
  status: Replicated<AuthorityStatusMessage>,
): Omit<ConsoleRotation, "source" | "now"> {
  const { trustDomain, epoch, automatic, paused, authorities, warnings, rotation } = status;
  return {
    trustDomain,
    epoch,
    automatic,
    paused,
    warnings,
    authorities: authorities.map(describeAuthority),
    rotation: rotation && {
      ...rotation,
      since: rotation.since.toISOString(),
      earliest: rotation.earliest?.toISOString(),
      leaf: leafOf(rotation.leaf),
    },
    rootClients: status.rootClients?.map((one) => ({ ...one, until: one.until.toISOString() })),
    requests: status.requests?.map(({ id, expiresAt }) => ({ id, expiresAt: expiresAt.toISOString() })),
    differing: status.otherwise?.map(({ replica }) => replica),
  };
}

function describeAuthority(one: AuthorityMessage): ConsoleAuthority {
  const { id, kind, origin, stage, signs, trusted, fingerprint, keyType, waitsFor } = one;
  return {
    id,
    kind,
    origin,
    stage,
    signs,
    trusted,
    fingerprint,
    keyType,
    waitsFor,
    notBefore: one.notBefore.toISOString(),
    notAfter: one.notAfter.toISOString(),
    stageSince: one.stageSince.toISOString(),
    rotatesAt: one.rotatesAt?.toISOString(),
    retiresAt: one.retiresAt?.toISOString(),
    keyKeptUntil: one.keyKeptUntil?.toISOString(),
    leavesUntil: one.leavesUntil?.toISOString(),
    distrustedAt: one.distrustedAt?.toISOString(),
    lastLeaf: leafOf(one.lastLeaf),
  };
}

function leafOf(leaf: LeafMessage | undefined): ConsoleLeaf | undefined {
  return leaf && { ...leaf, notAfter: leaf.notAfter.toISOString() };
}
