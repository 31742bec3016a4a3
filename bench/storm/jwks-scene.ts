import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createKeyPair } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { startCa } from "../../test/harness/ca-process.ts";
import { planPods, stormSizes } from "./pods.ts";
import type { StormScene } from "./scene.ts";
import { TokenSigner } from "./token-signer.ts";

const issuer = "https://storm.test";

/** A CA that verifies the pods' tokens with a key set. */
export async function startJwksScene(
  folder: string,
  count: number,
  flags: readonly string[] = [],
): Promise<StormScene> {
  const signer = new TokenSigner((await createKeyPair("RSA-2048")).toPkcs8Pem(), issuer);
  const keySet = join(folder, "jwks.json");
  await writeFile(keySet, JSON.stringify(signer.jwks()));
  const namespaces = stormSizes(count).map((pods, at) => ({ name: `storm-${at}`, pods }));
  const planned = await planPods(namespaces);
  const ca = await startCa({
    withIssuer: false,
    flags: ["--jwks", keySet, "--token-issuer", issuer, ...flags],
  });
  const now = systemClock.now();
  const pods = planned.map(({ name, ...pod }) => {
    const facts = { ...pod, serviceAccountUid: pod.namespace, pod: { name, uid: randomUUID() } };
    return { ...pod, token: signer.sign(facts, now) };
  });
  return { ca, pods, helpers: {}, stop: () => ca.stop() };
}
