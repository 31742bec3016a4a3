import { createKeyPair, type KeyFormat, type KeyType, parseSpiffeId, TrustBundle } from "@kasbah/pki";
import { createTestAuthority, type TestAuthority } from "./test-authority.ts";

export interface SecretToMint {
  readonly authority?: TestAuthority;
  readonly uri?: string;
  readonly keyType?: KeyType;
  readonly keyFormat?: KeyFormat;
  readonly receivedAt: Date;
  readonly ttlMs: number;
}

/** A workload's secret as an agent stores it, with rotation due at half its lifetime. */
export async function mintSecret({ receivedAt, ttlMs, ...options }: SecretToMint) {
  const authority = options.authority ?? (await createTestAuthority());
  const uri = options.uri ?? "spiffe://cluster.local/ns/demo/sa/frontend";
  const keyPair = await createKeyPair(options.keyType ?? "P-256");
  const notAfter = new Date(receivedAt.getTime() + ttlMs);
  const names = [{ kind: "uri" as const, value: uri }];
  const leaf = await authority.issue({
    publicKey: keyPair.publicKey,
    notBefore: receivedAt,
    notAfter,
    names,
  });
  return {
    spiffeId: parseSpiffeId(uri),
    keyPair,
    keyFormat: options.keyFormat ?? ("traditional" as const),
    leaf,
    intermediates: [],
    bundle: TrustBundle.from([authority.certificate]),
    receivedAt,
    notAfter,
    rotateAt: new Date(receivedAt.getTime() + ttlMs / 2),
  };
}
