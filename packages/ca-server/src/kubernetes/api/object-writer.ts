import { ApiAnswerError, isNamespaceTerminating, readAnswer } from "./api-answer.ts";
import type { KubernetesClient } from "./api-client.ts";
import { ourManager } from "./managed-fields.ts";

/** Where one object lies. */
export interface ObjectPlace {
  readonly client: Pick<KubernetesClient, "get" | "post" | "put">;
  /** Such as `/api/v1/namespaces/demo/configmaps`. */
  readonly collection: string;
  readonly name: string;
}

/**
 * Writes an object as `make` would have it. What is there is read first, and `make` decides on that: undefined leaves it.
 * The write holds for that version alone; when somebody was faster, it is refused.
 *
 * @returns whether it was written; not in a namespace that goes away
 * @throws ApiAnswerError, also 409 for a write that came too late
 */
export async function writeObject(
  { client, collection, name }: ObjectPlace,
  make: (found: unknown) => object | undefined,
): Promise<boolean> {
  const path = `${collection}/${name}`;
  const reply = await client.get(path);
  const isNew = reply.status === 404;
  const object = make(isNew ? undefined : readAnswer(reply, `a read of ${name}`));
  if (object === undefined) return false;
  const query = `?fieldManager=${ourManager}`;
  const written = isNew
    ? await client.post(`${collection}${query}`, object)
    : await client.put(`${path}${query}`, object);
  if (isNamespaceTerminating(written)) return false;
  if (written.status !== 200 && written.status !== 201)
    throw new ApiAnswerError(written, `a write of ${name}`);
  return true;
}
