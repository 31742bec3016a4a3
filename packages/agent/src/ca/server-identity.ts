import { type Certificate, PkiError, parseCertificate, type SpiffeId } from "@kasbah/pki";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";

/** The server chooses its names, so only a few characters of them appear in a message. */
const maxShown = 200;

/**
 * Requires that the server's certificate has exactly one URI, the CA's SPIFFE ID. A workload of the mesh may hold
 * a certificate with the CA's DNS name, by a mistake in the policy of any CA that this agent trusts, but never
 * one with the CA's SPIFFE ID.
 *
 * @throws AgentError `CA_IDENTITY_MISMATCH`
 */
export function checkServerIdentity(der: Uint8Array, expected: SpiffeId, address: HostPort): void {
  const { uriNames } = parseServing(der, address);
  if (uriNames.length === 1 && uriNames[0] === expected.toString()) return;
  const shown = JSON.stringify(uriNames).slice(0, maxShown);
  const seen = uriNames.length === 0 ? "no SPIFFE ID" : shown;
  const fix =
    uriNames.length === 0
      ? "upgrade the CA, or remove --ca-spiffe-id until then"
      : "find out what answers at this address, or correct --ca-spiffe-id";
  throw mismatch(address, `expected ${expected}, seen ${seen}: ${fix}`);
}

function parseServing(der: Uint8Array, address: HostPort): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw mismatch(address, `its certificate cannot be parsed (${cause.message})`, cause);
  }
}

function mismatch(address: HostPort, problem: string, cause?: unknown): AgentError {
  const message = `the server at ${formatHostPort(address)} is not the CA, and received no token: ${problem}`;
  return new AgentError("CA_IDENTITY_MISMATCH", message, { cause });
}
