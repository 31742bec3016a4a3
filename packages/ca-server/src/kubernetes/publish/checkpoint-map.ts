import { type CheckpointTarget, copyName } from "@kasbah/ledger";
import { z } from "zod";
import { readAnswer } from "../api/api-answer.ts";
import { type ObjectPlace, writeObject } from "../api/object-writer.ts";

export interface CheckpointMapDeps {
  readonly client: ObjectPlace["client"];
  readonly namespace: string;
  readonly name: string;
  /** The key of this replica. */
  readonly key: string;
}

const configMapSchema = z.object({
  metadata: z.looseObject({ name: z.string() }),
  data: z.record(z.string(), z.string()).nullish(),
});

/**
 * A ConfigMap with the checkpoint of each replica under a key of its own. Each write names the version that it is
 * based on, so two replicas never undo each other's copies.
 */
export function configMapTarget({ client, namespace, name, key }: CheckpointMapDeps): CheckpointTarget {
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  return {
    name: `the ConfigMap ${namespace}/${name}`,
    async read() {
      const reply = await client.get(`${collection}/${name}`);
      if (reply.status === 404) return undefined;
      return configMapSchema.parse(readAnswer(reply, `a read of ${name}`)).data?.[key];
    },
    async replace(note, keep) {
      await writeObject({ client, collection, name }, (found) => {
        const { metadata, data } = configMapSchema.parse(found ?? { metadata: { name } });
        const before = data?.[key];
        const kept =
          before !== undefined && keep(before) ? { [`${key}.${copyName(before)}`]: before } : undefined;
        return {
          ...(typeof found === "object" ? found : {}),
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata,
          data: { ...data, ...kept, [key]: note },
        };
      });
    },
  };
}
