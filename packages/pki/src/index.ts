export {
  type BundleFile,
  describeSkippedRoot,
  parseTrustBundle,
  readBundle,
  readRoots,
  type SkippedRoot,
} from "./bundle/bundle-file.ts";
export { type AuthorityChainToVerify, verifyAuthorityChain } from "./certificate/authority-chain.ts";
export {
  Certificate,
  parseCertificate,
  parseCertificates,
  parseTrustedRoot,
} from "./certificate/certificate.ts";
export { type ChainToVerify, verifyChain } from "./certificate/chain.ts";
export { looksSelfSigned } from "./certificate/issuer-rules.ts";
export {
  backdateFor,
  leafCommonName,
  leafValidity,
  maxBackdateMs,
  type Validity,
} from "./certificate/profile.ts";
export {
  createSerial,
  createWorkloadSerial,
  issuerMarkOf,
  podMarkOf,
  tokenProofTime,
} from "./certificate/serial.ts";
export { TrustBundle } from "./certificate/trust-bundle.ts";
export type { ClientFinding } from "./clients/finding.ts";
export { findForbiddenDnsName } from "./clients/forbidden-names.ts";
export { findClientRejection } from "./clients/rejections.ts";
export type { SigningPath } from "./clients/signing-path.ts";
export { type ClientWarning, findClientWarnings } from "./clients/warnings.ts";
export { createAuthorityRequest } from "./csr/authority-csr-writer.ts";
export { type CertificateRequest, parseCertificateRequest } from "./csr/csr.ts";
export { createCertificateRequest } from "./csr/csr-writer.ts";
export { MeshError, PkiError, type PkiErrorCode } from "./errors.ts";
export { isPointOnCurve } from "./keys/ec-curve.ts";
export { createKeyPair, type KeyFormat, KeyPair } from "./keys/key.ts";
export {
  authorityKeyTypeNames,
  type KeyType,
  type KeyTypeIn,
  keyTypeNames,
  keyTypes,
  keyTypesIn,
} from "./keys/key-types.ts";
export { parsePrivateKey } from "./keys/private-key.ts";
export { acceptedKeys, PublicKey, parsePublicKey } from "./keys/public-key.ts";
export type { SigningKey } from "./keys/signing-key.ts";
export { type ExpectedWorkloadCertificate, lintWorkloadCertificate } from "./lint/lint.ts";
export { lintServingCertificate } from "./lint/serving.ts";
export { isSameName } from "./names/directory-name.ts";
export { parseSpiffeId, SpiffeId } from "./names/spiffe-id.ts";
export { parseTrustDomain, TrustDomain } from "./names/trust-domain.ts";
export { isSubdomain, parseWorkloadName, type WorkloadName } from "./names/workload-name.ts";
export { findCertificates } from "./pem/certificate-block.ts";
export { findOnlyKey } from "./pem/key-block.ts";
export { encodePem, parsePemBlock } from "./pem/pem.ts";
export { findPemBlocks, type PemBlock } from "./pem/scan-pem.ts";
