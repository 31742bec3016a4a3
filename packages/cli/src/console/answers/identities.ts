import type { ConsoleIdentity } from "@kasbah/console";
import type { Found, IssuedEntry } from "@kasbah/ledger";
import type { IdentitiesAnswer } from "../../audit/render/identities.ts";

export interface ListedIdentities {
  readonly identities: readonly ConsoleIdentity[];
  readonly total: number;
  readonly names: number;
  readonly truncated: boolean;
}

/** What a browser can hold and search without a pause. */
const maxListed = 100_000;

/** @param isReplica whether the slot of an entry is the name of a replica */
export function listIdentities({ found }: IdentitiesAnswer, isReplica: boolean): ListedIdentities {
  const identities = found.slice(0, maxListed).map((one) => identityOf(one, isReplica));
  const names = new Set(found.map(({ entry }) => entry.spiffeId)).size;
  return { identities, total: found.length, names, truncated: found.length > identities.length };
}

function identityOf({ entry, slot }: Found<IssuedEntry>, isReplica: boolean): ConsoleIdentity {
  const { spiffeId, serial, notBefore, notAfter, time, caller } = entry;
  return {
    spiffeId,
    serial,
    notBefore,
    notAfter,
    issuedAt: time,
    pod: caller.pod?.name,
    replica: isReplica ? slot.split("/")[0] : undefined,
  };
}
