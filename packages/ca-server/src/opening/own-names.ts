import type { SpiffeId } from "@kasbah/pki";
import type { SubjectAltName } from "@kasbah/pki/certificate-writer";
import type { ServerConfig } from "../config/config.ts";
import { ownSpiffeIdOf } from "../config/own-identity.ts";
import { servingNames } from "../config/serving-names.ts";
import { ReservedNames } from "../issuance/names/reserved-names.ts";

/** The names by which clients recognize this CA. */
export interface OwnNames {
  readonly ownSpiffeId: SpiffeId | undefined;
  /** The names of the serving certificate. */
  readonly serverNames: readonly SubjectAltName[];
  /** The DNS names that no workload gets. */
  readonly reservedNames: ReservedNames;
}

export function ownNamesOf(
  config: Pick<ServerConfig, "serverSan" | "ownSpiffeId" | "trustDomain" | "namespace">,
): OwnNames {
  const ownSpiffeId = ownSpiffeIdOf(config);
  const serverNames = servingNames({ additional: config.serverSan, ownSpiffeId });
  return { ownSpiffeId, serverNames, reservedNames: ReservedNames.from(serverNames, ownSpiffeId) };
}
