import { spiffe } from "../generated/messages.js";
import type { Codec, Method } from "./codec.ts";

const wire = spiffe.workload;

/**
 * The header that every call must carry, with exactly this value. A request forged through another program's
 * HTTP client does not carry it.
 */
export const workloadHeader = { name: "workload.spiffe.io", value: "true" };

/**
 * One identity with its key and the roots of its trust domain. Contents are DER; several certificates are
 * concatenated.
 */
export interface X509Svid {
  readonly spiffeId: string;
  readonly certificateChain: Uint8Array;
  /** Unencrypted PKCS #8. */
  readonly privateKey: Uint8Array;
  readonly bundle: Uint8Array;
}

export interface X509SvidResponse {
  readonly svids: readonly X509Svid[];
}

export interface X509BundlesResponse {
  /** Roots in DER, by the SPIFFE ID of their trust domain. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
}

export interface JwtBundlesResponse {
  /** JWK sets as JSON, by the SPIFFE ID of their trust domain. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
}

/** A request without fields. */
export type EmptyRequest = Readonly<Record<never, never>>;

const svidRequest: Codec<EmptyRequest> = {
  encode: () => wire.X509SVIDRequest.encode({}).finish(),
  decode: (bytes) => {
    wire.X509SVIDRequest.decode(bytes);
    return {};
  },
};

const bundlesRequest: Codec<EmptyRequest> = {
  encode: () => wire.X509BundlesRequest.encode({}).finish(),
  decode: (bytes) => {
    wire.X509BundlesRequest.decode(bytes);
    return {};
  },
};

const jwtBundlesRequest: Codec<EmptyRequest> = {
  encode: () => wire.JWTBundlesRequest.encode({}).finish(),
  decode: (bytes) => {
    wire.JWTBundlesRequest.decode(bytes);
    return {};
  },
};

const svidResponse: Codec<X509SvidResponse> = {
  encode: ({ svids }) => wire.X509SVIDResponse.encode({ svids: svids.map(toWire) }).finish(),
  decode: (bytes) => ({ svids: wire.X509SVIDResponse.decode(bytes).svids.map(fromWire) }),
};

const bundlesResponse: Codec<X509BundlesResponse> = {
  encode: ({ bundles }) => wire.X509BundlesResponse.encode({ bundles: Object.fromEntries(bundles) }).finish(),
  decode: (bytes) => ({ bundles: new Map(Object.entries(wire.X509BundlesResponse.decode(bytes).bundles)) }),
};

const jwtBundlesResponse: Codec<JwtBundlesResponse> = {
  encode: ({ bundles }) => wire.JWTBundlesResponse.encode({ bundles: Object.fromEntries(bundles) }).finish(),
  decode: (bytes) => ({ bundles: new Map(Object.entries(wire.JWTBundlesResponse.decode(bytes).bundles)) }),
};

/** `SpiffeWorkloadAPI/FetchX509SVID`: one request, and a stream of complete responses. */
export const fetchX509Svid: Method<EmptyRequest, X509SvidResponse> = {
  path: "/SpiffeWorkloadAPI/FetchX509SVID",
  request: svidRequest,
  response: svidResponse,
};

/** `SpiffeWorkloadAPI/FetchX509Bundles`: one request, and a stream of complete responses. */
export const fetchX509Bundles: Method<EmptyRequest, X509BundlesResponse> = {
  path: "/SpiffeWorkloadAPI/FetchX509Bundles",
  request: bundlesRequest,
  response: bundlesResponse,
};

/** `SpiffeWorkloadAPI/FetchJWTBundles`: one request, and a stream of complete responses. */
export const fetchJwtBundles: Method<EmptyRequest, JwtBundlesResponse> = {
  path: "/SpiffeWorkloadAPI/FetchJWTBundles",
  request: jwtBundlesRequest,
  response: jwtBundlesResponse,
};

/** The methods of other profiles, which only have paths here, and what they issue, verify or hand out. */
export const otherProfileMethods = [
  { path: "/SpiffeWorkloadAPI/FetchJWTSVID", streams: false, kind: "JWT-SVIDs" },
  { path: "/SpiffeWorkloadAPI/ValidateJWTSVID", streams: false, kind: "JWT-SVIDs" },
  { path: "/SpiffeWorkloadAPI/FetchWITSVID", streams: true, kind: "WIT-SVIDs" },
  { path: "/SpiffeWorkloadAPI/FetchWITBundles", streams: true, kind: "WIT-SVIDs" },
] as const;

function toWire({ spiffeId, certificateChain, privateKey, bundle }: X509Svid) {
  return { spiffeId, x509Svid: certificateChain, x509SvidKey: privateKey, bundle };
}

function fromWire(svid: spiffe.workload.X509SVID.$Properties): X509Svid {
  const none = new Uint8Array();
  return {
    spiffeId: svid.spiffeId ?? "",
    certificateChain: svid.x509Svid ?? none,
    privateKey: svid.x509SvidKey ?? none,
    bundle: svid.bundle ?? none,
  };
}
