import { HeldKeys } from "./held-keys.ts";
import type { VerificationKey } from "./key-set.ts";
import type { TokenKeys } from "./verification-keys.ts";

/** The keys of a set that never changes. */
export function memoryKeys({ keys }: { readonly keys: readonly VerificationKey[] }): TokenKeys {
  const held = HeldKeys.from(keys);
  return { current: () => held, refreshForUnknownKey: async () => undefined };
}
