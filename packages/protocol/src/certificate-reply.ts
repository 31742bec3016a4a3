import { istio } from "../generated/messages.js";

/** Field 1 of `IstioCertificateResponse`, `cert_chain`, with the wire type of a length (protobuf encoding). */
const certChainTag = 0x0a;
const continues = 0x80;

/** The octets of elements of `cert_chain`, which may follow others: a repeated field can be concatenated. */
export function encodeChainElements(certChain: readonly string[]): Uint8Array {
  return istio.v1.auth.IstioCertificateResponse.encode({ certChain: [...certChain] }).finish();
}

/**
 * The octets of a response whose first element is this PEM and whose others are encoded already. All replies of
 * one issuer differ only in the first.
 */
export function encodeCertificateReply(leafPem: string, others: Uint8Array): Uint8Array {
  const lengthOctets = varintLength(leafPem.length);
  const start = 1 + lengthOctets;
  const reply = Buffer.allocUnsafe(start + leafPem.length + others.length);
  reply[0] = certChainTag;
  let rest = leafPem.length;
  for (let at = 1; at < start; at += 1) {
    reply[at] = at === start - 1 ? rest : (rest % continues) + continues;
    rest = Math.floor(rest / continues);
  }
  reply.write(leafPem, start, "latin1");
  reply.set(others, start + leafPem.length);
  return reply;
}

/** The number of groups of seven bits. */
function varintLength(value: number): number {
  let octets = 1;
  for (let rest = value; rest >= continues; rest = Math.floor(rest / continues)) octets += 1;
  return octets;
}
