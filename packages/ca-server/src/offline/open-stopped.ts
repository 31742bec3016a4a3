import { readFile } from "node:fs/promises";
import { ledgerDirectoryAt } from "@kasbah/ledger";
import { createSerial, parseTrustDomain, type TrustDomain } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock, Logger } from "@kasbah/runtime";
import { openDirectoryBacking } from "../authorities/backing.ts";
import { Distruster } from "../authorities/compromise/distruster.ts";
import type { CompromiseOperations } from "../authorities/compromise/operations.ts";
import { AuthorityKeeper } from "../authorities/keeper.ts";
import { AuthorityKeys } from "../authorities/keys/authority-keys.ts";
import { readPassphrase } from "../authorities/keys/passphrase.ts";
import type { AuthorityOperations } from "../authorities/operations.ts";
import type { Rehearse } from "../authorities/rehearsal/candidate.ts";
import { createRehearsal } from "../authorities/rehearsal/rehearse.ts";
import { AuthorityRequestDesk } from "../authorities/requests/authority-requests.ts";
import type { AuthorityState } from "../authorities/rotation/authority-state.ts";
import { timeGate } from "../authorities/rotation/gates/rotation-gate.ts";
import { RotationDriver } from "../authorities/rotation-driver.ts";
import { SelfSigned, type SelfSignedProfile } from "../authorities/self-signed.ts";
import { defaultOwnSpiffeId } from "../config/own-identity.ts";
import { servingNames } from "../config/serving-names.ts";
import { OperationError } from "../errors.ts";
import type { OperatorAct } from "../recording/operator-log.ts";
import type { StateDirectory } from "../store/state-directory.ts";
import { loadAvailableKeys } from "./available-keys.ts";
import { trustDomainOf } from "./offline-status.ts";
import { profileOf } from "./stored-profile.ts";

export interface OpeningOptions {
  /** Undefined if the keys are not encrypted. */
  readonly passphraseFile: string | undefined;
  /** The longest lifetime of a leaf, which is assumed for unknown leaves if the state is damaged. */
  readonly maxTtlMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The operations that an operator can perform on a stopped CA. */
export interface StoppedCa {
  readonly operations: AuthorityOperations;
  readonly compromise: CompromiseOperations;
  readonly requests: Pick<AuthorityRequestDesk, "create" | "adopt">;
}

/** For display only: a stopped CA destroys no retired key. */
const standardKeepMs = 7 * 86_400_000;

/** Opens the authorities of a state directory, which this process has locked, for one act. @throws StateError */
export async function openStopped(
  state: StateDirectory,
  act: OperatorAct,
  { passphraseFile, maxTtlMs, clock, logger }: OpeningOptions,
): Promise<StoppedCa> {
  const passphrase = await readPassphrase(passphraseFile);
  const { store, vault } = await openDirectoryBacking({
    ...{ state, options: { passphrase, maxTtlMs }, clock, logger },
  });
  const keys = new AuthorityKeys(vault);
  const keeper = new AuthorityKeeper({ store, keys, clock, logger });
  await loadAvailableKeys(keeper, keys, act, logger);
  const profile = profileOf(keeper.state, await storedTrustDomain(state, keeper.state));
  const rehearse = rehearsalWithoutPolicy(profile.trustDomain, clock);
  const parts = { keeper, keys, profile, rehearse, clock, logger };
  const writing = { writer: createCertificateWriter(), newSerial: createSerial };
  const selfSigned = new SelfSigned({ ...parts, ...writing });
  const operations = stoppedDriver({ ...parts, selfSigned });
  const operate = (work: () => Promise<unknown>) => operations.operate(work);
  return {
    operations,
    // The act is performed without its dry run, which names the holders.
    compromise: new Distruster({ ...parts, selfSigned, operate, holders: async () => [] }),
    requests: new AuthorityRequestDesk({ ...parts, ...writing, onPrepared: () => operations.look(false) }),
  };
}

/** The policy and the names of the server are unknown here: the CA tries its authorities with them at its start. */
export function rehearsalWithoutPolicy(trustDomain: TrustDomain, clock: Clock): Rehearse {
  const serverNames = servingNames({ additional: [], ownSpiffeId: defaultOwnSpiffeId(trustDomain) });
  return createRehearsal({
    ...{ writer: createCertificateWriter(), trustDomain, serverNames, clock },
    dnsNames: async () => [],
    hasNodeProxies: false,
  });
}

interface StoppedDriverDeps {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly profile: SelfSignedProfile;
  readonly selfSigned: SelfSigned;
  readonly clock: Clock;
  readonly logger: Logger;
}

function stoppedDriver(deps: StoppedDriverDeps): RotationDriver {
  const never = () => ({ stop: () => undefined });
  return new RotationDriver({
    ...{ ...deps, gate: timeGate, automatic: true, leads: () => true },
    ...{ holds: () => "the CA is stopped", minStageMs: 0, keepRetiredKeysMs: standardKeepMs },
    // No stage begins here, and the CA creates cross-certificates when it starts.
    ...{ beforeAdvance: async () => undefined, onDestroyKey: async () => undefined, rootClients: () => [] },
    ...{ starts: never, advances: never },
  });
}

/**
 * The name of a ledger starts with the trust domain. Without one, only a root that the CA created names it.
 * @throws OperationError
 */
async function storedTrustDomain({ ledger }: StateDirectory, state: AuthorityState): Promise<TrustDomain> {
  const key = await readFile(ledgerDirectoryAt(ledger).verifierKey, "utf8").catch(() => "");
  const name = key.split("/", 1)[0] || trustDomainOf(state);
  if (name !== "") return parseTrustDomain(name);
  throw new OperationError("the state of the stopped CA does not name its trust domain: start the CA first");
}
