import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority } from "@kasbah/testkit";
import { caller, frontend } from "../issuance/open-admission.fixture.ts";
import type { IssuanceFacts } from "../issuance/ports.ts";

const validity = {
  notBefore: new Date("2029-12-31T23:58:00Z"),
  notAfter: new Date("2030-01-02T00:00:00Z"),
};

/** One certificate for the frontend as issuance records it, with a real key and signature. */
export async function issuanceFacts(changes: Partial<IssuanceFacts> = {}): Promise<IssuanceFacts> {
  const root = await createTestAuthority("cluster.local");
  const { publicKey } = await createKeyPair("P-256");
  const names = [{ kind: "uri", value: frontend.toString() }] as const;
  const certificate = await root.issue({ publicKey, ...validity, names });
  return {
    time: new Date("2030-01-01T00:00:00Z"),
    referenceId: "abc123",
    peerAddress: "10.0.0.1:5",
    caller,
    rule: "payments",
    ignored: [],
    certificate,
    spiffeId: frontend,
    publicKey,
    validity,
    authority: root.certificate.fingerprint,
    ...changes,
  };
}
