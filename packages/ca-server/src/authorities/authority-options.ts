import type { Secret } from "@kasbah/runtime";
import type { AuthorityConfig } from "../config/authorities.ts";
import { readPassphrase } from "./keys/passphrase.ts";
import type { SelfSignedProfile } from "./self-signed.ts";

/** The operator's choices about authorities. */
export interface AuthorityOptions {
  readonly profile: SelfSignedProfile;
  readonly pluggedInDirectory: string | undefined;
  readonly passphrase: Secret | undefined;
  /** Whether rotations start automatically. */
  readonly automatic: boolean;
  /** How long a stage lasts at least, in boot time. */
  readonly minStageMs: number;
  /** How long a retired authority can be recalled. */
  readonly keepRetiredKeysMs: number;
  /** The longest lifetime of a leaf. The CA assumes it for unknown leaves after a loss of state. */
  readonly maxTtlMs: number;
}

/**
 * Returns the authority options of a configuration, and reads the passphrase from its file. @throws
 * StateError `KEY_PASSPHRASE_MISSING`
 */
export async function loadAuthorityOptions(config: AuthorityConfig): Promise<AuthorityOptions> {
  return {
    profile: {
      trustDomain: config.trustDomain,
      keyType: config.rootKey,
      rootTtlMs: config.rootTtl,
      intermediateTtlMs: config.intermediateTtl,
      withIntermediate: !config.noIntermediate,
      nameConstraints: config.issuerNameConstraints,
    },
    pluggedInDirectory: config.rootCaDir,
    passphrase: await readPassphrase(config.keyPassphraseFile),
    automatic: config.rootRotation === "auto",
    minStageMs: config.minStage,
    keepRetiredKeysMs: config.keepRetiredKeys,
    maxTtlMs: config.maxTtl,
  };
}
