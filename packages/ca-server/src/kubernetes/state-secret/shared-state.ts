import type { Clock, Logger, Secret } from "@kasbah/runtime";
import { authorityCodec } from "../../authorities/backing.ts";
import { type AuthorityState, emptyState } from "../../authorities/rotation/authority-state.ts";
import type { SharedState } from "../../ownership/shared-state.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { findLostRoot } from "../publish/lost-root.ts";
import { AuthoritySecret } from "./authority-secret.ts";
import { SecretPlace } from "./place.ts";
import { SecretWatch } from "./secret-watch.ts";

export interface SharedStateDeps {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly installation: string;
  readonly stateSecret: string;
  /** The ConfigMap in which the CA publishes its root, if it does. */
  readonly rootConfigMap: string | undefined;
  readonly passphrase: Secret | undefined;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly logger: Logger;
}

/** The Secret in which the replicas share a CA. */
export function createSharedState(deps: SharedStateDeps): SharedState {
  const { client, namespace, stateSecret: name, passphrase, clock, roll, logger } = deps;
  const place = new SecretPlace({ client, namespace, name });
  return {
    place,
    findLostRoot: () => findLostRoot(deps),
    async open({ isNew, onMoved }) {
      const secret = await AuthoritySecret.open<AuthorityState>({
        ...{ client, namespace, name, codec: authorityCodec, passphrase, logger },
        initial: isNew ? emptyState : undefined,
      });
      const watch = new SecretWatch({ secret, client, namespace, name, onMoved, clock, roll, logger });
      const onForeignChange = secret.onForeignChange.bind(secret);
      return { backing: { store: secret, vault: secret, onForeignChange }, components: [watch] };
    },
  };
}
