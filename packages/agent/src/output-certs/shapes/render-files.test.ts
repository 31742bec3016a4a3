import assert from "node:assert/strict";
import { createTestAuthority, mintSecret } from "@kasbah/testkit";
import { outputLayout } from "../../config/output-layout.ts";
import { renderFiles } from "./render-files.ts";

const receivedAt = new Date("2030-01-01T00:00:00Z");

describe("renderFiles", () => {
  it("renders the key, the chain without the root and the trust bundle if no format is configured", async () => {
    const authority = await createTestAuthority();
    const secret = await mintSecret({ authority, receivedAt, ttlMs: 3_600_000 });
    const files = renderFiles(secret, outputLayout({ outputCertsMode: 0o640 }));
    assert.deepEqual(files, [
      { name: "key.pem", bytes: secret.keyPair.toPem(secret.keyFormat), mode: 0o640 },
      { name: "cert-chain.pem", bytes: secret.leaf.toPem(), mode: 0o644 },
      { name: "root-cert.pem", bytes: secret.bundle.toPem(), mode: 0o644 },
    ]);
  });
});
