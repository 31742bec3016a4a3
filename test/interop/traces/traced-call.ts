import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { type RawReply, rawCall } from "@kasbah/testkit";
import type { RunningCa } from "../../harness/ca-process.ts";
import { mintDemoToken } from "../../harness/token-issuer.ts";

/** Calls the CA for a certificate of demo/frontend, with any header. */
export async function callForCertificate(
  ca: RunningCa,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  const frontend = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
  const csr = createCertificateRequest(await createKeyPair("P-256"), frontend);
  const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
  const authorization = `Bearer ${await mintDemoToken(ca.tokens, "frontend")}`;
  return rawCall({
    port: ca.port,
    ca: ca.rootPem,
    path: createCertificate.path,
    body: createCertificate.request.encode(order),
    headers: { authorization, ...headers },
  });
}
