/** A certificate of a set, as OpenSSL writes it. */
export interface CertificateSpec {
  /** Default: `/O=example/CN=<name>`. */
  readonly subject?: string;
  /** The certificate that signs it. Default: `root`, and itself for certificates whose names begin with `root`. */
  readonly issuer?: string;
  /** The key, by name; certificates may share one. Default: the certificate's own name. */
  readonly key?: string;
  /** Lines of an OpenSSL extension section. Default: those of a correct root or intermediate. */
  readonly extensions?: readonly string[];
  /** More arguments for `openssl req`. */
  readonly args?: readonly string[];
  /** A change to the signed bytes that OpenSSL would not write; see edit.py. */
  readonly edit?: string;
}

export type ClientVerdict = "accepts" | "rejects";

/** What the clients of the tested versions say about a leaf and a serving certificate under the set. */
export interface ClientVerdicts {
  /** A TLS handshake of OpenSSL, as in Node and in the agent. */
  readonly openssl?: ClientVerdict;
  /** `openssl verify -x509_strict`, which Python 3.13 uses. */
  readonly strict?: ClientVerdict;
  /** A real Envoy, with BoringSSL. */
  readonly envoy?: ClientVerdict;
  readonly go?: ClientVerdict;
}

/** A plugged-in CA: what is in its files, and what clients and kasbah say about it. */
export interface CaSet {
  readonly name: string;
  /** `mesh` signs workload certificates. A correct `root` and `mesh` are added if they are absent. */
  readonly certificates?: Readonly<Record<string, CertificateSpec>>;
  /** The content of cert-chain.pem. Default: the certificates from `mesh` up to the root. */
  readonly chain?: readonly string[];
  /** The content of root-cert.pem. */
  readonly roots?: readonly string[];
  /** DNS names that the policy adds to workload certificates. */
  readonly dnsNames?: readonly string[];
  /** Verdicts other than `accepts`. */
  readonly clients?: ClientVerdicts;
  /** Why kasbah refuses it although every client accepts it. */
  readonly stricter?: string;
  readonly kasbah: KasbahVerdict;
}

export type KasbahVerdict =
  | { readonly accepts: true }
  /** The warnings by name. */
  | { readonly warns: readonly string[] }
  /** The refusal's text, and the certificate that it must name. */
  | { readonly refuses: RegExp; readonly names: string };

export const accepts: KasbahVerdict = { accepts: true };

/** Every client rejects it. */
export const all: ClientVerdicts = { openssl: "rejects", strict: "rejects", envoy: "rejects", go: "rejects" };

export function warns(...names: readonly string[]): KasbahVerdict {
  return { warns: names };
}

export function refuses(text: RegExp, names = "CN=mesh"): KasbahVerdict {
  return { refuses: text, names };
}

export const usage = "keyUsage=critical,keyCertSign,cRLSign";
export const ski = "subjectKeyIdentifier=hash";
export const aki = "authorityKeyIdentifier=keyid";
export const ca = (pathLength?: number) =>
  `basicConstraints=critical,CA:TRUE${pathLength === undefined ? "" : `,pathlen:${pathLength}`}`;

/** The extensions of a correct intermediate, and further ones. */
export const mesh = (...more: readonly string[]): readonly string[] => [ca(0), usage, ski, aki, ...more];
/** The extensions of a correct root, or of an intermediate above another one without an identifier of its issuer. */
export const root = (...more: readonly string[]): readonly string[] => [ca(), usage, ski, ...more];
