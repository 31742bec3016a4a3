import { createSerial } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { type Clock, type Command, type ConfigOf, type Logger, option, schema } from "@kasbah/runtime";
import { loadAuthorityOptions } from "../authorities/authority-options.ts";
import { openDirectoryBacking } from "../authorities/backing.ts";
import { AuthorityKeys } from "../authorities/keys/authority-keys.ts";
import { openAuthorities } from "../authorities/open-authorities.ts";
import { SelfSigned } from "../authorities/self-signed.ts";
import { authorityOptions, authorityProblems } from "../config/authorities.ts";
import { serverOptions } from "../config/config.ts";
import type { Machine } from "../config/machine.ts";
import type { LockHolder } from "../store/directory-lock.ts";
import { showsFormerRoot } from "../store/state-directory.ts";
import { readOfflineStatus } from "./offline-status.ts";
import { rehearsalWithoutPolicy } from "./open-stopped.ts";
import { withStateLock } from "./with-state-lock.ts";

/** The options of `kasbah init`: those server options that define the authorities and their location. */
export function initOptions(machine: Machine) {
  const { stateDir, trustDomain, maxTtl } = serverOptions(machine);
  const { rootRotation, rotationSchedule, minStage, keepRetiredKeys, ...authorities } = authorityOptions;
  const json = option({
    flag: "--json",
    env: "KASBAH_JSON",
    help: "print JSON",
    schema: schema.boolean,
    default: "false",
    group: "Output",
  });
  return { stateDir, trustDomain, maxTtl, ...authorities, json };
}

export type InitOptions = ReturnType<typeof initOptions>;
export type InitConfig = ConfigOf<InitOptions>;

export function initStateCommand(version: string): Command<InitOptions> {
  return {
    name: "kasbah init",
    version,
    summary:
      "Creates the root and the intermediate of a new CA, or adopts a plugged-in CA, without starting the server.",
    examples: [
      "kasbah init --state-dir /var/lib/kasbah --trust-domain prod.example",
      "kasbah init --state-dir ./ca --root-key P-384 --key-passphrase-file passphrase",
    ],
    exitCodes: {
      0: "the state directory contains a CA, new or as it was",
      1: "it could not be created; the message has a code",
      2: "the command line or a setting is invalid",
    },
    check: (config) => authorityProblems(config),
  };
}

/**
 * Creates the authorities of a new state directory. Existing authorities stay unchanged. @throws StateError
 */
export async function initState(
  config: InitConfig,
  { clock, logger, holder }: { readonly clock: Clock; readonly logger: Logger; readonly holder: LockHolder },
): Promise<AuthorityStatusMessage & { readonly isNew: boolean }> {
  return withStateLock(config.stateDir, holder, async (state) => {
    const hadRoot = await showsFormerRoot(state);
    const options = await loadAuthorityOptions({
      ...config,
      rootRotation: "auto",
      minStage: 0,
      keepRetiredKeys: 0,
    });
    const { store, vault } = await openDirectoryBacking({ state, options, clock, logger });
    const keys = new AuthorityKeys(vault);
    const writer = createCertificateWriter();
    const rehearse = rehearsalWithoutPolicy(config.trustDomain, clock);
    const { profile } = options;
    const selfSigned = new SelfSigned({ profile, keys, writer, newSerial: createSerial, rehearse, clock });
    await openAuthorities({ store, options, keys, selfSigned, rehearse, clock, logger });
    return { ...(await readOfflineStatus(config.stateDir, clock.now())), isNew: !hadRoot };
  });
}
