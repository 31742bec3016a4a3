import type { Target } from "./target.ts";
import { certificate, trustBundle } from "./targets/certificate.ts";
import { clientOctets } from "./targets/client-octets.ts";
import { configFile, yamlDocument } from "./targets/config.ts";
import { controlState } from "./targets/control-state.ts";
import { createCertificateBody } from "./targets/create-certificate.ts";
import { requestDer, requestPem, signedRequest } from "./targets/csr.ts";
import { deltaSubscription } from "./targets/delta-subscription.ts";
import { fileName, operatorCertificate, rootFile } from "./targets/gateway-files.ts";
import { jwks } from "./targets/jwks.ts";
import { checkpointNote, ledgerEntry, proofFile } from "./targets/ledger.ts";
import { spiffeId, trustDomain } from "./targets/names.ts";
import { policy } from "./targets/policy.ts";
import { encryptedKey, keyPem, plainKey } from "./targets/private-key.ts";
import { statusDetails } from "./targets/status-details.ts";
import { subscription } from "./targets/subscription.ts";
import { authorization, tokenClaims, tokenHeader } from "./targets/token.ts";
import { tokenIssuers } from "./targets/token-issuers.ts";
import { tokenReview } from "./targets/token-review.ts";

/** Every parser of bytes from outside, the most exposed first. */
export const targets: readonly Target[] = [
  requestDer,
  signedRequest,
  requestPem,
  authorization,
  tokenHeader,
  tokenClaims,
  createCertificateBody,
  certificate,
  trustBundle,
  jwks,
  tokenReview,
  statusDetails,
  clientOctets,
  subscription,
  deltaSubscription,
  fileName,
  rootFile,
  operatorCertificate,
  spiffeId,
  trustDomain,
  policy,
  tokenIssuers,
  yamlDocument,
  configFile,
  controlState,
  ledgerEntry,
  checkpointNote,
  proofFile,
  plainKey,
  encryptedKey,
  keyPem,
];
