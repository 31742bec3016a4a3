import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { rawCall } from "@kasbah/testkit";
import type { RunningCa } from "../ca-process.ts";
import { mintDemoToken } from "../token-issuer.ts";

/** Requests a certificate, as an agent does. Returns the gRPC status. */
export async function requestCertificate(
  { port, rootPem }: Pick<RunningCa, "port" | "rootPem">,
  token: string,
): Promise<number> {
  const name = parseSpiffeId("spiffe://cluster.local/ns/any/sa/any");
  const csr = createCertificateRequest(await createKeyPair("P-256"), name);
  const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
  const reply = await rawCall({
    port,
    ca: rootPem,
    path: createCertificate.path,
    body: createCertificate.request.encode(order),
    headers: { authorization: `Bearer ${token}` },
  });
  return reply.status;
}

/** The service accounts that {@link causeTraffic} requests certificates for. */
export const workloadNames = ["cart", "checkout", "frontend", "payments"] as const;

/** One certificate for each workload, and one refusal for each of two reasons. */
export async function causeTraffic(ca: RunningCa): Promise<void> {
  for (const name of workloadNames)
    await requestCertificate(ca, await mintDemoToken(ca.tokens, name)).then(expectStatus(0));
  const unauthenticated = 16;
  const now = new Date();
  const forVault = {
    namespace: "demo",
    serviceAccount: "reports",
    audience: "vault",
    lifetimeMs: 60_000,
    now,
  };
  await requestCertificate(ca, await ca.tokens.mint(forVault)).then(expectStatus(unauthenticated));
  await requestCertificate(ca, "no.token.atall").then(expectStatus(unauthenticated));
}

function expectStatus(expected: number): (status: number) => void {
  return (status) => {
    if (status !== expected) throw new Error(`expected the gRPC status ${expected}, got ${status}`);
  };
}
