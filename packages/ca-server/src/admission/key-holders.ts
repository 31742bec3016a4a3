import { LRUCache } from "lru-cache";
import type { KeyHolder, KeyHolders } from "../issuance/ports.ts";

/** Two pods with one key are found as long as the first asked among the last so many. */
const maxKeys = 100_000;

/** Remembers who presented which public key first, in bounded memory. */
export function createKeyHolders(): KeyHolders {
  const holders = new LRUCache<string, KeyHolder>({ max: maxKeys });
  return {
    isSharedBy(keyHash, holder) {
      const first = holders.get(keyHash);
      const isShared = first !== undefined && isAnother(first, holder);
      // Who renews by a certificate names no pod, and the first who does holds the key from then on.
      if (!isShared && first?.podUid === undefined) holders.set(keyHash, holder);
      return isShared;
    },
  };
}

/** The same identity without a pod is the same holder: a pod that renews by its certificate names none. */
function isAnother(first: KeyHolder, second: KeyHolder): boolean {
  if (first.identity !== second.identity) return true;
  const areKnown = first.podUid !== undefined && second.podUid !== undefined;
  return areKnown && first.podUid !== second.podUid;
}
