import { createWorkloadSerial, parseSpiffeId } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock } from "@kasbah/runtime";
import type { TestAuthority } from "@kasbah/testkit";
import { noImpersonation } from "../authn/node-impersonation.ts";
import { fixedIssuers } from "./fixed-issuers.fixture.ts";
import type { CertificateOrder, IssuanceCall, IssuanceDeps } from "./issue-certificate.ts";
import type { Caller, IssuanceFacts } from "./ports.ts";
import { type IssuancePolicy, openTerms, type Terms } from "./rules.ts";

export const frontend = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
/** Whoever calls, unless a test says otherwise. */
export const caller: Caller = {
  spiffeId: frontend,
  credential: { kind: "jwks-token", issuer: "https://issuer.test", tokenIdHash: undefined },
};

/** What holds while there is no policy, with the CA's own bounds of a day and ninety days. */
export const openPolicy: IssuancePolicy = {
  defaultTtlMs: 86_400_000,
  maxTtlMs: 7_776_000_000,
  rules: [],
  fallback: openTerms,
};

/** The open policy with one rule for everybody, by the name of `test`. */
export function policyOf(terms: Partial<Terms>): IssuancePolicy {
  const everybody = [{ startsWith: "" }];
  const rule = { namespaces: everybody, serviceAccounts: everybody, terms: { ...openTerms, ...terms } };
  return { ...openPolicy, rules: [{ name: "test", ...rule }] };
}

/** Admission that stops nobody and notes nothing, for tests of what is around it. */
export const openAdmission: Pick<
  IssuanceDeps,
  "impersonation" | "policy" | "throttle" | "keyHolders" | "observer"
> = {
  impersonation: noImpersonation,
  policy: () => openPolicy,
  throttle: { takeOwn: () => undefined, takeGlobal: () => undefined },
  keyHolders: { isSharedBy: () => false },
  observer: { onIgnored: () => undefined, onSharedKey: () => undefined },
};

/** An authority that knows everybody as {@link caller}, signs by the real writer and records into an array. */
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
export function callFor(order: Partial<CertificateOrder>): IssuanceCall {
  return {
    credentials: { authorization: [], peerCertificates: [] },
    peerAddress: "127.0.0.1:1",
    referenceId: "ref",
    readOrder: () => ({ csrPem: "", ttlSeconds: 0, impersonatedIdentity: "", ...order }),
  };
}
