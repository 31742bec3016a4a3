import type { StateHome } from "@kasbah/protocol";
import type { Clock, Command, ConfigOf, Logger } from "@kasbah/runtime";
import { callerOptions } from "../config/callers.ts";
import { serverOptions } from "../config/config.ts";
import { kubernetesOptions } from "../config/kubernetes.ts";
import type { Machine } from "../config/machine.ts";
import { KubernetesClient } from "../kubernetes/api/api-client.ts";
import { SecretPlace } from "../kubernetes/state-secret/place.ts";
import { AddressRules } from "../outbound/address-rules.ts";
import { DirectoryPlace } from "../ownership/directory-place.ts";
import { type MovedState, moveState } from "../ownership/move-state.ts";
import type { LockHolder } from "../store/directory-lock.ts";
import { withOperatorLog } from "./with-operator-log.ts";
import { withStateLock } from "./with-state-lock.ts";

/** The options of `kasbah authority move` for a stopped CA: those server options that name the two places. */
export function moveOptions(machine: Machine) {
  const { kubernetesApi, kubernetesCaFile, kubernetesTokenFile, allowAddress } = callerOptions;
  const { namespace, stateSecret } = kubernetesOptions;
  const { stateDir } = serverOptions(machine);
  return {
    ...{ stateDir, namespace, stateSecret },
    ...{ kubernetesApi, kubernetesCaFile, kubernetesTokenFile, allowAddress },
  };
}

export type MoveOptions = ReturnType<typeof moveOptions>;

export interface MoveDeps {
  readonly holder: LockHolder;
  /** The operator's name, which is not verified. */
  readonly operator: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function moveStoppedCommand(version: string): Command<MoveOptions> {
  return {
    name: "kasbah authority move",
    version,
    summary: "Moves the keys and the state of a stopped CA between its state directory and a Secret.",
    examples: ["kasbah authority move --to-secret"],
    check: ({ kubernetesApi, stateSecret }) => [
      ...(kubernetesApi === undefined ? ["--kubernetes-api: required while the CA is stopped"] : []),
      ...(stateSecret === undefined ? ["--state-secret: required while the CA is stopped"] : []),
    ],
  };
}

/**
 * Moves a stopped CA, whose state directory this process locks, and records it in the ledger there, which stays.
 * @throws StateError `STATE_LOCKED`, and those of `moveState`; CaError `LEDGER_UNAVAILABLE`
 */
export async function moveStoppedState(
  to: StateHome,
  config: ConfigOf<MoveOptions>,
  { holder, operator: operatorUnverified, ...options }: MoveDeps,
): Promise<MovedState> {
  const { stateDir, namespace, stateSecret: name, kubernetesApi: server } = config;
  if (server === undefined || name === undefined) throw new TypeError("the configuration was not checked");
  const client = new KubernetesClient({
    server,
    caFile: config.kubernetesCaFile,
    tokenFile: config.kubernetesTokenFile,
    addressRules: new AddressRules(config.allowAddress),
  });
  const secret = new SecretPlace({ client, namespace, name });
  return withStateLock(stateDir, holder, (state) => {
    const directory = new DirectoryPlace({ name: `state directory ${stateDir}`, state });
    const move = () => (to === "secret" ? moveState(directory, secret) : moveState(secret, directory));
    const act = { act: "move", arguments: { to }, operatorUnverified };
    return withOperatorLog(state, options, (log) => log.record(act, move));
  });
}
