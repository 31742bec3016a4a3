import { createWorkloadSerial, parseSpiffeId } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock } from "@kasbah/runtime";
import type { TestAuthority } from "@kasbah/testkit";
import { noImpersonation } from "../authn/node-impersonation.ts";
import { fixedIssuers } from "./fixed-issuers.fixture.ts";
import type { CertificateRequestBody, IssuanceCall, IssuanceDeps } from "./issue-certificate.ts";
import { ReservedNames } from "./names/reserved-names.ts";
import type { Caller, IssuanceFacts } from "./ports.ts";
import { type IssuancePolicy, openTerms, type Terms } from "./rules.ts";

export const frontend = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
/** The caller of every test that does not set another. */
export const caller: Caller = {
  spiffeId: frontend,
  credential: { kind: "jwks-token", issuer: "https://issuer.test", tokenIdHash: undefined },
};

/** The policy of a CA without a policy file: a default of one day, a maximum of ninety days, no ceiling. */
export const openPolicy: IssuancePolicy = {
  defaultTtlMs: 86_400_000,
  maxTtlMs: 7_776_000_000,
  ttlCeilingMs: Number.POSITIVE_INFINITY,
  rules: [],
  fallback: openTerms,
  reservedNames: ReservedNames.none,
};

/** The open policy with one rule `test`, which matches every identity. */
export function policyOf(terms: Partial<Terms>): IssuancePolicy {
  const anyName = [{ startsWith: "" }];
  const rule = { namespaces: anyName, serviceAccounts: anyName, terms: { ...openTerms, ...terms } };
  return { ...openPolicy, rules: [{ name: "test", ...rule }] };
}

/** Admission that allows everything, for tests of its callers. */
export const openAdmission: Pick<
  IssuanceDeps,
  | "impersonation"
  | "issuerScopes"
  | "policy"
  | "throttle"
  | "keyHolders"
  | "observer"
  | "maxRenewalAgeMs"
  | "ownSpiffeId"
> = {
  impersonation: noImpersonation,
  issuerScopes: { check: () => undefined },
  policy: () => openPolicy,
  throttle: { takeOwn: () => undefined, takeGlobal: () => undefined },
  keyHolders: { isSharedBy: () => false },
  observer: { onIgnored: () => undefined, onSharedKey: () => undefined },
  maxRenewalAgeMs: 604_800_000,
  ownSpiffeId: undefined,
};

/**
 * Dependencies that authenticate every call as {@link caller}, sign with the real writer and record into an
 * array.
 */
export function openDeps(root: TestAuthority, clock: Clock, records: IssuanceFacts[]): IssuanceDeps {
  return {
    ...openAdmission,
    authenticator: { authenticate: async () => caller },
    issuers: fixedIssuers(root),
    writer: createCertificateWriter(),
    newSerial: createWorkloadSerial,
    ledger: {
      record: async (record) => {
        records.push(record);
      },
    },
    clock,
  };
}

/** A call without credentials. */
export function callFor(order: Partial<CertificateRequestBody>): IssuanceCall {
  return {
    credentials: { authorization: [], peerCertificates: [] },
    peerAddress: "127.0.0.1:1",
    addressGroup: "a network",
    referenceId: "ref",
    readBody: () => ({ csrPem: "", ttlSeconds: 0, impersonatedIdentity: "", ...order }),
  };
}
