import { readFile } from "node:fs/promises";
import { createSegmentLog, ledgerDirectoryAt, prepareLedgerDirectory } from "@kasbah/ledger";
import { PkiError, parseTrustDomain } from "@kasbah/pki";
import { type CertificateWriter, createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock, Logger } from "@kasbah/runtime";
import { openDirectoryBacking } from "../../authorities/backing.ts";
import { AuthorityKeeper } from "../../authorities/keeper.ts";
import { AuthorityKeys } from "../../authorities/keys/authority-keys.ts";
import { readPassphrase } from "../../authorities/keys/passphrase.ts";
import { loadKeys } from "../../authorities/open-authorities.ts";
import type { Rehearse } from "../../authorities/rehearsal/candidate.ts";
import { createRehearsal } from "../../authorities/rehearsal/rehearse.ts";
import { needsKey } from "../../authorities/rotation/authority-state.ts";
import { withoutKeys } from "../../authorities/rotation/invalid-signer.ts";
import type { SelfSignedProfile } from "../../authorities/self-signed.ts";
import { StateError } from "../../errors.ts";
import { servingNames } from "../../grpc/serving-names.ts";
import { type OperatorAct, OperatorLog } from "../../recording/operator-log.ts";
import { DirectoryLock, type LockHolder } from "../../store/directory-lock.ts";
import { prepareStateDirectory, type StateDirectory } from "../../store/state-directory.ts";
import { readAuthorityState, trustDomainOf } from "../offline-status.ts";
import { profileOf } from "../stored-profile.ts";

export interface StoppedCaOptions {
  readonly stateDirectory: string;
  readonly passphraseFile: string | undefined;
  /** The longest lifetime of a leaf, which is assumed for unknown leaves if the state is damaged. */
  readonly maxTtlMs: number;
  readonly holder: LockHolder;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The authorities of a CA that does not run, whose directory this process has locked. */
export interface StoppedCa {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly profile: SelfSignedProfile;
  readonly writer: CertificateWriter;
  readonly rehearse: Rehearse;
}

/**
 * What happens to keys that are lost. An act that replaces their authorities gives them up: they are the reason why it
 * is needed. Most acts need all keys, because the CA could not start afterwards either.
 */
type LostKeys = "refuse" | "ignore" | "give up intermediates" | "give up all";

export interface StoppedAct<T> extends OperatorAct {
  readonly lostKeys: LostKeys;
  /** If present, the act is recorded once this has passed, before it takes effect. */
  check?(ca: StoppedCa): Promise<unknown>;
  work(ca: StoppedCa): Promise<T>;
}

/**
 * Performs an operator's act on the stored state of a CA that does not run, and records it in the ledger.
 *
 * @throws StateError `STATE_LOCKED` if the CA runs, and every error that would prevent its start; OperationError;
 * CaError `LEDGER_UNAVAILABLE`
 */
export async function onStoppedCa<T>(
  { lostKeys, check, work, ...act }: StoppedAct<T>,
  options: StoppedCaOptions,
): Promise<T> {
  const { stateDirectory, holder } = options;
  // Reads first, so that a wrong directory is reported and stays unchanged.
  await readAuthorityState(stateDirectory);
  const state = await prepareStateDirectory(stateDirectory);
  const lock = new DirectoryLock(state.control, holder);
  await lock.start();
  try {
    let opened: Promise<StoppedCa> | undefined;
    const onCa =
      <R>(use: (ca: StoppedCa) => Promise<R>) =>
      async () => {
        opened ??= openStopped(state, lostKeys, options);
        return use(await opened);
      };
    return await withOperatorLog(state, options, (log) =>
      check === undefined
        ? log.record(act, onCa(work))
        : log.recordFirst(act, { check: onCa(check), work: onCa(work) }),
    );
  } finally {
    await lock.stop();
  }
}

async function openStopped(
  state: StateDirectory,
  lostKeys: LostKeys,
  { passphraseFile, maxTtlMs, clock, logger }: StoppedCaOptions,
): Promise<StoppedCa> {
  const passphrase = await readPassphrase(passphraseFile);
  const backing = await openDirectoryBacking({ state, options: { passphrase, maxTtlMs }, clock, logger });
  const keys = new AuthorityKeys(backing.vault);
  const keeper = new AuthorityKeeper({ store: backing.store, keys, clock, logger });
  if (lostKeys !== "ignore") await loadAvailable(keeper, keys, lostKeys, logger);
  const trustDomain = (await ledgerTrustDomain(state.ledger)) ?? trustDomainOf(keeper.state);
  const profile = profileOf(keeper.state, parseTrustDomain(trustDomain));
  const writer = createCertificateWriter();
  // The CA tries the authorities with its policy and its names when it starts.
  const rehearse = createRehearsal({
    ...{ writer, trustDomain: profile.trustDomain, serverNames: servingNames([]), clock },
    dnsNames: async () => [],
    hasNodeProxies: false,
  });
  return { keeper, keys, profile, writer, rehearse };
}

async function loadAvailable(
  keeper: AuthorityKeeper,
  keys: AuthorityKeys,
  lostKeys: LostKeys,
  logger: Logger,
): Promise<void> {
  if (lostKeys === "refuse") return loadKeys(keeper.state, keys);
  const lost: string[] = [];
  for (const authority of keeper.state.authorities.filter(needsKey)) {
    await keys.load(authority).catch((error: unknown) => {
      if (!isLoss(error) || (authority.kind === "root" && lostKeys !== "give up all")) throw error;
      logger.warn("giving up a key that is lost", { authority: authority.id, error });
      lost.push(authority.id);
    });
  }
  await keeper.transition((state) => withoutKeys(state, lost));
}

/** A file that cannot be read now is not lost. */
function isLoss(error: unknown): boolean {
  if (!(error instanceof StateError)) return false;
  if (error.code === "AUTHORITY_INCOMPLETE") return true;
  const isDamage = error.code === "AUTHORITY_MALFORMED" || error.code === "AUTHORITY_MISMATCH";
  return isDamage && (error.cause === undefined || error.cause instanceof PkiError);
}

/** The name of a ledger starts with the trust domain; a plugged-in root may have any name. */
async function ledgerTrustDomain(ledger: string): Promise<string | undefined> {
  const name = await readFile(ledgerDirectoryAt(ledger).verifierKey, "utf8").catch(() => "");
  return name.split("/", 1)[0] || undefined;
}

/** Appends to the ledger as the CA does. The CA adds the entry to its tree when it starts. */
async function withOperatorLog<T>(
  state: StateDirectory,
  { clock, logger }: StoppedCaOptions,
  use: (log: OperatorLog) => Promise<T>,
): Promise<T> {
  const directory = await prepareLedgerDirectory(state.ledger);
  const log = createSegmentLog(directory, { onDurable: () => undefined, clock, logger });
  await log.start();
  try {
    return await use(new OperatorLog({ log, clock }));
  } finally {
    await log.stop();
  }
}
