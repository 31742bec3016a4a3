import { type google, istio } from "../generated/messages.js";
import type { Codec, Method } from "./codec.ts";

const wire = istio.v1.auth;

/** A workload's certificate request to the CA. */
export interface CreateCertificateRequest {
  /** A PKCS#10 request in PEM, as received. */
  readonly csr: string;
  /** Requested lifetime in seconds; zero or less requests the default. */
  readonly validityDurationSeconds: number;
  /** The SPIFFE ID that a node proxy requests on behalf of a pod; "" if absent. */
  readonly impersonatedIdentity: string;
  /** The signer that the caller prefers; "" (which stock agents always send) means no preference. */
  readonly certSigner: string;
}

export interface CreateCertificateResponse {
  /** PEM: leaf first, one certificate per element, the whole root bundle last. */
  readonly certChain: readonly string[];
}

const createCertificateRequest: Codec<CreateCertificateRequest> = {
  encode: ({ csr, validityDurationSeconds, impersonatedIdentity, certSigner }) =>
    wire.IstioCertificateRequest.encode({
      csr,
      validityDuration: validityDurationSeconds,
      metadata: structOf({ ImpersonatedIdentity: impersonatedIdentity, CertSigner: certSigner }),
    }).finish(),
  decode: (bytes) => {
    const { csr, validityDuration, metadata } = wire.IstioCertificateRequest.decode(bytes);
    return {
      csr,
      validityDurationSeconds: Number(validityDuration),
      impersonatedIdentity: stringIn(metadata, "ImpersonatedIdentity"),
      certSigner: stringIn(metadata, "CertSigner"),
    };
  },
};

const createCertificateResponse: Codec<CreateCertificateResponse> = {
  encode: ({ certChain }) => wire.IstioCertificateResponse.encode({ certChain: [...certChain] }).finish(),
  decode: (bytes) => ({ certChain: wire.IstioCertificateResponse.decode(bytes).certChain }),
};

/**
 * The header in which an agent says that it skips roots that it cannot read. Agents of earlier releases discard
 * the whole reply, so the CA sends them only roots that they read.
 */
export const anyRootHeader = "kasbah-any-root";

/** `istio.v1.auth.IstioCertificateService/CreateCertificate`. */
export const createCertificate: Method<CreateCertificateRequest, CreateCertificateResponse> = {
  path: "/istio.v1.auth.IstioCertificateService/CreateCertificate",
  request: createCertificateRequest,
  response: createCertificateResponse,
};

type Struct = google.protobuf.Struct.$Properties | null | undefined;

function structOf(values: Readonly<Record<string, string>>): google.protobuf.Struct.$Properties | null {
  const set = Object.entries(values).filter(([, value]) => value !== "");
  if (set.length === 0) return null;
  return { fields: Object.fromEntries(set.map(([key, stringValue]) => [key, { stringValue }])) };
}

/** Rejects a value of another type: read as "", it would silently change the request. */
function stringIn(metadata: Struct, key: string): string {
  const fields = metadata?.fields;
  const value = fields && Object.hasOwn(fields, key) ? fields[key] : undefined;
  if (value === undefined) return "";
  if (typeof value.stringValue !== "string") throw new TypeError(`metadata ${key} is not a string`);
  return value.stringValue;
}
