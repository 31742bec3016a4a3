import { createSerial } from "@kasbah/pki";
import type { AuthorityStatusMessage, DistrustPreviewMessage } from "@kasbah/protocol";
import { Distruster, previewDistrustIn } from "../../authorities/compromise/distruster.ts";
import { SelfSigned } from "../../authorities/self-signed.ts";
import type { OperatorAct } from "../../recording/operator-log.ts";
import { readAuthorityState, readOfflineStatus } from "../offline-status.ts";
import { onStoppedCa, type StoppedCa, type StoppedCaOptions } from "./ca.ts";

/** Reports what distrusting an authority of a stopped CA would do. @throws StateError; OperationError */
export async function previewDistrustOffline(
  id: string,
  { stateDirectory, clock }: Pick<StoppedCaOptions, "stateDirectory" | "clock">,
): Promise<DistrustPreviewMessage> {
  const state = await readAuthorityState(stateDirectory);
  return previewDistrustIn(state, id, { holders, now: clock.now() });
}

/** Distrusts an authority, so that the CA never signs with a stolen key after its start. @throws as {@link onStoppedCa} */
export function distrustOffline(
  id: string,
  requester: Pick<OperatorAct, "operatorUnverified">,
  options: StoppedCaOptions,
): Promise<AuthorityStatusMessage> {
  const act = { act: "distrust", arguments: { id }, ...requester };
  const check = (ca: StoppedCa) => distrusterOn(ca, options).previewDistrust(id);
  const work = (ca: StoppedCa) => distrusterOn(ca, options).distrust(id);
  return onStoppedCa({ ...act, lostKeys: "give up intermediates", check, work }, options);
}

const holders = () => Promise.reject(new Error("the CA is stopped: see kasbah audit export"));

function distrusterOn(
  { keeper, keys, profile, writer, rehearse }: StoppedCa,
  { stateDirectory, clock, logger }: StoppedCaOptions,
): Distruster {
  return new Distruster({
    ...{ keeper, holders, clock, logger },
    selfSigned: new SelfSigned({ profile, keys, writer, newSerial: createSerial, rehearse, clock }),
    operate: async (act) => {
      await act();
      return readOfflineStatus(stateDirectory, clock.now());
    },
  });
}
