import { StateError } from "../../errors.ts";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import { readAnswer } from "../api/api-answer.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { admissionDenial } from "../api/denial.ts";
import { readSecretObject, type SecretObject } from "./secret-object.ts";

/** The Secret with a CA. */
export interface SecretPath {
  readonly namespace: string;
  readonly name: string;
}

/** Returns undefined if it does not exist. @throws StateError `STATE_NOT_DURABLE` */
export async function fetchSecret(
  path: SecretPath & { readonly client: Pick<KubernetesClient, "get"> },
): Promise<SecretObject | undefined> {
  const reply = await path.client.get(pathOf(path)).catch((cause: unknown) => {
    throw notDurable(path, "the API server does not answer", cause);
  });
  return reply.status === 404 ? undefined : parseReply(path, reply);
}

/** @throws StateError `STATE_NOT_DURABLE` */
export function parseReply(path: SecretPath, reply: HttpsReply): SecretObject {
  if (reply.status !== 200 && reply.status !== 201) throw refused(path, reply);
  try {
    return readSecretObject(readAnswer(reply, secretNameOf(path)));
  } catch (cause) {
    throw notDurable(path, "cannot read the API server's response", cause);
  }
}

export function collectionOf(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/secrets`;
}

export function pathOf({ namespace, name }: SecretPath): string {
  return `${collectionOf(namespace)}/${name}`;
}

export function secretNameOf({ namespace, name }: SecretPath): string {
  return `Secret ${namespace}/${name}`;
}

function refused(path: SecretPath, reply: HttpsReply): StateError {
  const { status } = reply;
  const role = "bind a role that allows the CA's service account to get, create and update it";
  const hint = admissionDenial(reply) ?? (status === 403 ? role : undefined);
  return notDurable(path, `the API server answered ${status}${hint === undefined ? "" : `; ${hint}`}`);
}

export function notDurable(path: SecretPath, reason: string, cause?: unknown): StateError {
  return new StateError("STATE_NOT_DURABLE", `cannot use ${secretNameOf(path)}: ${reason}`, { cause });
}
