import assert from "node:assert/strict";
import { createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createTestAuthority, throwsWithCode } from "@kasbah/testkit";
import { checkServerIdentity } from "./server-identity.ts";

const own = parseSpiffeId("spiffe://cluster.local/ns/kasbah-system/sa/kasbah");
const address = { host: "kasbah.kasbah-system.svc", port: 15012 };
const dns = { kind: "dns", value: "kasbah.kasbah-system.svc" } as const;
const uri = (value: string) => ({ kind: "uri", value }) as const;

describe("checkServerIdentity", () => {
  const certificateWith = async (...uris: readonly string[]) => {
    const authority = await createTestAuthority();
    const { publicKey } = await createKeyPair("P-256");
    return (await authority.issue({ publicKey, names: [dns, ...uris.map(uri)] })).der;
  };

  it("accepts a certificate with the CA's SPIFFE ID as its only URI", async () => {
    checkServerIdentity(await certificateWith(own.toString()), own, address);
  });

  const rejected: Readonly<Record<string, readonly string[]>> = {
    "no URI": [],
    "the SPIFFE ID of a workload": ["spiffe://cluster.local/ns/evil/sa/kasbah"],
    "the same path in another trust domain": ["spiffe://other.test/ns/kasbah-system/sa/kasbah"],
    "the SPIFFE ID as a prefix": [`${own}-2`],
    "the SPIFFE ID in upper case": [own.toString().replace("cluster", "CLUSTER")],
    "the SPIFFE ID and another URI": [own.toString(), "spiffe://cluster.local/ns/evil/sa/kasbah"],
    "the SPIFFE ID twice": [own.toString(), own.toString()],
  };
  for (const [what, uris] of Object.entries(rejected)) {
    it(`rejects a certificate with ${what}, and names the expected one and the address`, async () => {
      const der = await certificateWith(...uris);
      const error = throwsWithCode(() => checkServerIdentity(der, own, address), "CA_IDENTITY_MISMATCH");
      assert.match(error.message, /at kasbah\.kasbah-system\.svc:15012 is not the CA, and received no token/);
      assert.match(error.message, /expected spiffe:\/\/cluster\.local\/ns\/kasbah-system\/sa\/kasbah, seen /);
    });
  }

  it("shows only a few characters of what the server sent, on one line", async () => {
    const der = await certificateWith(`spiffe://evil.test/${"a\n".repeat(1000)}`);
    const error = throwsWithCode(() => checkServerIdentity(der, own, address), "CA_IDENTITY_MISMATCH");
    assert.ok(error.message.length < 600 && !error.message.includes("\n"));
  });

  it("rejects a certificate that cannot be parsed", () => {
    throwsWithCode(() => checkServerIdentity(Uint8Array.of(0x30, 0), own, address), "CA_IDENTITY_MISMATCH");
  });
});
