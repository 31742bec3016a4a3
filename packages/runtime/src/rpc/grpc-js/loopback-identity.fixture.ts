import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority } from "@kasbah/testkit";
import type { ServingIdentity } from "./index.ts";

/** A serving identity for 127.0.0.1, and the root that clients verify it with. */
export async function createLoopbackIdentity(): Promise<{
  readonly identity: ServingIdentity;
  readonly rootsPem: string;
}> {
  const authority = await createTestAuthority();
  const keyPair = await createKeyPair("P-256");
  const names = [{ kind: "ip", value: "127.0.0.1" } as const];
  const leaf = await authority.issue({ publicKey: keyPair.publicKey, names });
  const identity = { certificateChainPem: leaf.toPem(), privateKeyPem: keyPair.toPkcs8Pem() };
  return { identity, rootsPem: authority.rootPem };
}
