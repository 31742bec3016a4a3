import { atMost } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import type { KeyHolder, KeyHolders } from "../issuance/ports.ts";

/** The CA detects a shared key as long as its first holder is among the last 100 000 keys. */
const maxKeys = 100_000;

/** Remembers the first holder of each public key, in bounded memory. */
export function createKeyHolders(): KeyHolders {
  const holders = new LRUCache<string, KeyHolder>(atMost(maxKeys));
  return {
    isSharedBy(keyHash, holder) {
      const first = holders.get(keyHash);
      const isShared = first !== undefined && isAnother(first, holder);
      // A caller that renews by certificate names no pod. The first pod that presents the key holds it from
      // then on.
      if (!isShared && first?.podUid === undefined) holders.set(keyHash, holder);
      return isShared;
    },
  };
}

/**
 * Treats the same identity without a pod as the same holder, because a pod that renews by certificate names
 * none.
 */
function isAnother(first: KeyHolder, second: KeyHolder): boolean {
  if (first.identity !== second.identity) return true;
  const areKnown = first.podUid !== undefined && second.podUid !== undefined;
  return areKnown && first.podUid !== second.podUid;
}
