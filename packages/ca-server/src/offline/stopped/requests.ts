import { authorityKeyTypeNames, createSerial } from "@kasbah/pki";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { AuthorityRequestDesk, type NewRequest } from "../../authorities/requests/authority-requests.ts";
import type { SignedChain } from "../../authorities/requests/signed-chain.ts";
import { authorityOf } from "../../authorities/rotation/authority-state.ts";
import type { OperatorAct } from "../../recording/operator-log.ts";
import { readOfflineStatus } from "../offline-status.ts";
import { onStoppedCa, type StoppedCa, type StoppedCaOptions } from "./ca.ts";

/** The operator as the ledger names it. */
export type Requester = Pick<OperatorAct, "operatorUnverified">;

/**
 * Creates a key and a CSR in the state directory of a stopped CA. @throws as {@link onStoppedCa}
 */
export function createRequestOffline(requester: Requester, options: StoppedCaOptions): Promise<NewRequest> {
  const act = { act: "create-request", arguments: undefined, ...requester };
  const work = (ca: StoppedCa) => deskOf(ca, options).create();
  return onStoppedCa({ ...act, lostKeys: "ignore", work }, options);
}

/**
 * Adopts a signed chain in the state directory of a stopped CA, which continues the rotation when it starts.
 * @throws as {@link onStoppedCa}; StateError `PLUGGED_IN_REJECTED`, `REHEARSAL_FAILED`
 */
export function adoptChainOffline(
  signed: SignedChain,
  requester: Requester,
  options: StoppedCaOptions,
): Promise<AuthorityStatusMessage> {
  const act = { act: "adopt-chain", arguments: undefined, ...requester };
  const work = async (ca: StoppedCa) => {
    await deskOf(ca, options).adopt(signed);
    return readOfflineStatus(options.stateDirectory, options.clock.now());
  };
  return onStoppedCa({ ...act, lostKeys: "give up intermediates", work }, options);
}

function deskOf(ca: StoppedCa, { clock, logger }: StoppedCaOptions): AuthorityRequestDesk {
  const { keeper } = ca;
  const { type } = authorityOf(keeper.state, keeper.state.signerId).certificate.publicKey;
  const keyType = authorityKeyTypeNames.find((name) => name === type) ?? "P-256";
  return new AuthorityRequestDesk({
    ...ca,
    profile: { ...ca.profile, keyType },
    ...{ newSerial: createSerial, clock, logger },
    onPrepared: async () => undefined,
  });
}
