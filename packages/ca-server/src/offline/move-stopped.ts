import type { Command, ConfigOf } from "@kasbah/runtime";
import { callerOptions } from "../config/callers.ts";
import { serverOptions } from "../config/config.ts";
import { kubernetesOptions } from "../config/kubernetes.ts";
import type { Machine } from "../config/machine.ts";
import { KubernetesClient } from "../kubernetes/api/api-client.ts";
import { SecretPlace } from "../kubernetes/state-secret/place.ts";
import { AddressRules } from "../outbound/address-rules.ts";
import { DirectoryPlace } from "../ownership/directory-place.ts";
import { type MovedState, moveState } from "../ownership/move-state.ts";
import { DirectoryLock, type LockHolder } from "../store/directory-lock.ts";
import { prepareStateDirectory } from "../store/state-directory.ts";

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
 * Moves a stopped CA, whose state directory this process locks. @throws StateError `STATE_LOCKED`, and those
 * of `moveState`
 */
export async function moveStoppedState(
  to: "secret" | "directory",
  config: ConfigOf<MoveOptions>,
  holder: LockHolder,
): Promise<MovedState> {
  const { stateDir, namespace, stateSecret: name, kubernetesApi: server } = config;
  if (server === undefined || name === undefined) throw new TypeError("the configuration was not checked");
  const state = await prepareStateDirectory(stateDir);
  const lock = new DirectoryLock(state.control, holder);
  await lock.start();
  try {
    const client = new KubernetesClient({
      server,
      caFile: config.kubernetesCaFile,
      tokenFile: config.kubernetesTokenFile,
      addressRules: new AddressRules(config.allowAddress),
    });
    const secret = new SecretPlace({ client, namespace, name });
    const directory = new DirectoryPlace({ name: `state directory ${stateDir}`, state });
    return await (to === "secret" ? moveState(directory, secret) : moveState(secret, directory));
  } finally {
    await lock.stop();
  }
}
