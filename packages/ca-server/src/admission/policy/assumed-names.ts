import { parseTrustDomain } from "@kasbah/pki";
import { defaultOwnSpiffeId } from "../../config/own-identity.ts";
import { servingNames } from "../../config/serving-names.ts";
import { ReservedNames } from "../../issuance/names/reserved-names.ts";

/** The Service of the chart and of `kasbah install`, in the namespace that they use by default. */
const usualNames = ["kasbah.kasbah-system.svc"];

/**
 * The reserved names of a CA whose configuration is unknown: those of every CA, and those of `--server-san` as far
 * as the operator names them. The DNS names do not depend on the trust domain.
 */
export function assumedReservedNames(serverSan: readonly string[]): ReservedNames {
  const ownSpiffeId = defaultOwnSpiffeId(parseTrustDomain("cluster.local"));
  const additional = [...usualNames, ...serverSan];
  return ReservedNames.from(servingNames({ additional, ownSpiffeId }), ownSpiffeId);
}
