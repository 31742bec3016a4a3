/** The ordinal of a StatefulSet's pod. Longer numbers are random suffixes of a Deployment's pods. */
const ordinal = /-(0|[1-9]\d?)$/;

/**
 * Whether a replica may create the shared CA: the first of a StatefulSet, on whose volume the CA of an
 * installation with one replica is, or a replica without an ordinal. The others wait, so that none creates a
 * second root before the first one has been heard.
 */
export function isFirstReplica(podName: string | undefined): boolean {
  const number = ordinal.exec(podName ?? "")?.[1];
  return number === undefined || number === "0";
}
