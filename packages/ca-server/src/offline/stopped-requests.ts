import { X509Certificate } from "node:crypto";
import { authorityKeyTypeNames, createSerial, parseTrustDomain, type TrustDomain } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import type { Clock, Logger } from "@kasbah/runtime";
import { openDirectoryBacking } from "../authorities/backing.ts";
import { AuthorityKeeper } from "../authorities/keeper.ts";
import { AuthorityKeys } from "../authorities/keys/authority-keys.ts";
import { readPassphrase } from "../authorities/keys/passphrase.ts";
import { loadKeys } from "../authorities/open-authorities.ts";
import { createRehearsal } from "../authorities/rehearsal/rehearse.ts";
import { AuthorityRequestDesk, type NewRequest } from "../authorities/requests/authority-requests.ts";
import type { SignedChain } from "../authorities/requests/signed-chain.ts";
import { type AuthorityState, authorityOf } from "../authorities/rotation/authority-state.ts";
import { OperationError } from "../errors.ts";
import { servingNames } from "../grpc/serving-names.ts";
import { DirectoryLock, type LockHolder } from "../store/directory-lock.ts";
import { prepareStateDirectory } from "../store/state-directory.ts";
import { readAuthorityState, readOfflineStatus } from "./offline-status.ts";

export interface StoppedCa {
  readonly stateDir: string;
  /** Undefined if the keys are not encrypted. */
  readonly passphraseFile: string | undefined;
}

export interface StoppedCaDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly holder: LockHolder;
}

/** Creates a key and a CSR in the state directory of a stopped CA. @throws StateError; OperationError */
export function createRequestOffline(ca: StoppedCa, deps: StoppedCaDeps): Promise<NewRequest> {
  return withDesk(ca, deps, (desk) => desk.create());
}

/**
 * Adopts a signed chain in the state directory of a stopped CA, which continues the rotation when it starts.
 * @throws StateError; OperationError
 */
export function adoptChainOffline(
  signed: SignedChain,
  ca: StoppedCa,
  deps: StoppedCaDeps,
): Promise<AuthorityStatusMessage> {
  return withDesk(ca, deps, async (desk) => {
    await desk.adopt(signed);
    return readOfflineStatus(ca.stateDir, deps.clock.now());
  });
}

/** The server's default --max-ttl. It counts only if the state has to be recovered from an older copy. */
const longestTtlMs = 2_160 * 3_600_000;

async function withDesk<T>(
  { stateDir, passphraseFile }: StoppedCa,
  { clock, logger, holder }: StoppedCaDeps,
  work: (desk: AuthorityRequestDesk) => Promise<T>,
): Promise<T> {
  // A directory without a CA is refused before anything is created in it.
  await readAuthorityState(stateDir);
  const directory = await prepareStateDirectory(stateDir);
  const lock = new DirectoryLock(directory.control, holder);
  await lock.start();
  try {
    const options = { passphrase: await readPassphrase(passphraseFile), maxTtlMs: longestTtlMs };
    const { store, vault } = await openDirectoryBacking({ state: directory, options, clock, logger });
    const keys = new AuthorityKeys(vault);
    await loadKeys(store.current, keys);
    const keeper = new AuthorityKeeper({ store, keys, clock, logger });
    const writer = createCertificateWriter();
    const trustDomain = trustDomainIn(keeper.state);
    const { type } = authorityOf(keeper.state, keeper.state.signerId).certificate.publicKey;
    const keyType = authorityKeyTypeNames.find((name) => name === type) ?? "P-256";
    // The policy and the names of the server are unknown here: the CA tries its authorities with them at its start.
    const rehearse = createRehearsal({
      ...{ writer, trustDomain, serverNames: servingNames([]), clock },
      dnsNames: async () => [],
      hasNodeProxies: false,
    });
    const desk = new AuthorityRequestDesk({
      ...{ keeper, keys, writer, newSerial: createSerial, rehearse, clock, logger },
      profile: { trustDomain, keyType },
      onPrepared: async () => undefined,
    });
    return await work(desk);
  } finally {
    await lock.stop();
  }
}

/** Only a root that the CA created names it. */
function trustDomainIn({ authorities }: AuthorityState): TrustDomain {
  const own = authorities.findLast(({ kind, origin }) => kind === "root" && origin === "self-signed");
  const { subject } = own === undefined ? { subject: "" } : new X509Certificate(own.certificate.der);
  const [, name] = /^O=(.*)$/m.exec(subject ?? "") ?? [];
  if (name !== undefined) return parseTrustDomain(name);
  throw new OperationError("the state of the stopped CA does not name its trust domain: start the CA first");
}
