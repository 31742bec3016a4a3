import { createCertificateRequest, createKeyPair, parseCertificate, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { rawCall } from "@kasbah/testkit";

export interface CaReply {
  /** The gRPC status. */
  readonly status: number;
  readonly message: string;
  /** PEM, leaf first and roots last; empty if the call was refused. */
  readonly chain: readonly string[];
  /** URI SANs of the leaf. */
  readonly names: readonly string[];
}

/** Requests a certificate for a new key from the CA, as an agent does. */
export async function callCa(
  ca: { readonly port: number; readonly rootPem: string },
  token: string,
  impersonatedIdentity = "",
): Promise<CaReply> {
  const csr = createCertificateRequest(
    await createKeyPair("P-256"),
    parseSpiffeId("spiffe://cluster.local/ns/any/sa/any"),
  );
  const order = { csr, validityDurationSeconds: 0, impersonatedIdentity, certSigner: "" };
  const reply = await rawCall({
    port: ca.port,
    ca: ca.rootPem,
    path: createCertificate.path,
    body: createCertificate.request.encode(order),
    headers: { authorization: `Bearer ${token}` },
  });
  const { status, message } = reply;
  if (status !== 0) return { status, message, chain: [], names: [] };
  const { certChain } = createCertificate.response.decode(reply.body);
  return { status, message, chain: certChain, names: parseCertificate(certChain[0] ?? "").uriNames };
}
