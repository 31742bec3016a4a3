import type { CodeHelp } from "@kasbah/runtime";
import type { CaErrorCode } from "../errors.ts";

const authentication = { section: "Authentication", retry: "no" } as const;
const authorization = { section: "Authorization and limits", retry: "no" } as const;
const request = { section: "Request", retry: "no" } as const;
const outage = { section: "CA outages", retry: "yes" } as const;

/** Why the CA refuses a call. The status table has the gRPC status and the log level of each code. */
export const refusalHelp = {
  TOKEN_MISSING: {
    ...authentication,
    cause: "no `authorization: Bearer …` header and no client certificate",
    fix: "the caller: mount a token and send it",
  },
  TOKEN_EXPIRED: {
    ...authentication,
    retry: "with a new token",
    cause: "the token's `exp` has passed",
    fix: "the caller: read the token file again for every call; check both clocks",
  },
  TOKEN_AUDIENCE: {
    ...authentication,
    cause: "the token is for another audience",
    fix: "the pod: project a token for `--token-audience` (`istio-ca`)",
  },
  TOKEN_ISSUER: {
    ...authentication,
    cause:
      "a known key signed the token, but its `iss` is not configured, is configured for other trust domains only, or has just been removed",
    fix: "the operator: set `--token-issuer` to exactly the cluster's issuer, or [list it](token-issuers.md#several-issuers)",
  },
  TOKEN_REJECTED: {
    ...authentication,
    cause:
      "the token is malformed, not signed by a known key, not yet valid, larger than 16 KiB, or has contradictory claims",
    fix: "`kasbah why` shows the cause",
  },
  CALLER_DELETED: {
    ...authentication,
    cause:
      "the pod or the service account of the token was deleted, so no other credential of the call counts; or the call has no valid token, and the pod that obtained its certificate [was deleted](authentication.md#deleted-pods)",
    fix: "nothing, if the pod is gone; otherwise the caller: read the token file again",
  },
  CALLER_NOT_SERVICE_ACCOUNT: {
    ...authentication,
    cause: "the token's user is not `system:serviceaccount:<namespace>:<name>`",
    fix: "the caller: use a service account token",
  },
  CLIENT_CERTIFICATE_REJECTED: {
    ...authentication,
    cause:
      "the certificate has expired, does not chain to a trusted root, is not a workload certificate of this trust domain, or no token has proven its name for `--max-renewal-age`",
    fix: "the caller: send a token",
  },
  CREDENTIALS_CONFLICT: {
    ...authentication,
    cause: "token and client certificate are both valid, but for different identities",
    fix: "the caller: send only the credential for the identity you want",
  },
  IMPERSONATION_REFUSED: {
    ...authentication,
    retry: "no; yes if the pod has just started",
    cause:
      "the request is for another workload's identity, and the caller is not a node proxy on that workload's node; or for the [CA's own](authentication.md#the-identity-of-the-ca)",
    fix: "the operator: `--trusted-node-account`, see [Node proxies](node-proxies.md)",
  },
  AUTHENTICATOR_UNAVAILABLE: {
    ...authentication,
    retry: "yes",
    cause: "the CA cannot read any key set, or the API server does not answer",
    fix: "the operator: the CA's log names the source; see [KasbahAuthenticatorUnavailable](runbooks/authenticator-unavailable.md)",
  },
  OUTSIDE_ISSUER_SCOPE: {
    ...authorization,
    cause: "the issuer of the token may not name this workload",
    fix: "the operator: the [scope](token-issuers.md#scope) of the issuer; or the caller: a token of the cluster that owns the namespace",
  },
  IDENTITY_NOT_ALLOWED: {
    ...authorization,
    cause:
      "the named rule has `allow: false`; or the identity is the [CA's own](authentication.md#the-identity-of-the-ca), and the token is not of its cluster",
    fix: "the operator: change the [policy](policy.md); `kasbah why <spiffe-id>` shows which rule decides",
  },
  RATE_LIMITED: {
    ...authorization,
    retry: "yes",
    cause:
      "a [rate](limits.md#rates) is exhausted: that of this caller, by default 60 per minute for each pod, or the total of the policy",
    fix: "the caller: wait for the returned time; the operator: look for a restart loop",
  },
  OVERLOADED: {
    ...authorization,
    retry: "yes",
    cause:
      "more callers wait than the CA can [serve in time](limits.md#turns), or `--max-in-flight` calls are in flight. Counted, but not in the ledger",
    fix: "the operator: more replicas or a higher limit; see [KasbahOverloaded](runbooks/overloaded.md)",
  },
  CSR_IDENTITY_MISMATCH: {
    ...authorization,
    cause:
      "the CSR requests names or extensions other than the caller's own, under a rule with `onForeignNames: refuse`",
    fix: "the client: request no name, or only its own SPIFFE ID",
  },
  TTL_TOO_LONG: {
    ...authorization,
    cause: "the requested lifetime exceeds `--max-ttl`, or a rule's `max` with `onExcess: refuse`",
    fix: "the caller: lower `SECRET_TTL`; or the operator: raise the limit",
  },
  REQUEST_MALFORMED: {
    ...request,
    cause: "the body is not an `IstioCertificateRequest`",
    fix: "the author of the client",
  },
  CSR_MALFORMED: {
    ...request,
    cause: "not one PEM block of canonical DER of at most 16 KiB",
    fix: "the author of the client; see [Accepted CSRs](refusals.md#accepted-csrs)",
  },
  CSR_KEY_REJECTED: {
    ...request,
    retry: "with a new key",
    cause:
      "the CA or the rule does not accept this key type; the key is [weak](refusals.md#accepted-csrs) or not on its curve; or another pod uses it, under `onSharedKey: refuse`",
    fix: "the client: generate another key",
  },
  CSR_SIGNATURE_INVALID: {
    ...request,
    cause: "the CSR is not signed by its own key with ECDSA or RSA PKCS#1 and SHA-2",
    fix: "the author of the client",
  },
  CLOCK_SUSPECT: {
    ...outage,
    cause: "the CA does not know the time, because its [clock](clock.md) contradicts the last recorded time",
    fix: "the operator: set the clock, or run `kasbah clock accept`",
  },
  ISSUER_UNAVAILABLE: {
    ...outage,
    cause: "the authority cannot issue now: it has expired or is not yet valid",
    fix: "the operator: check the clock, then the root; see [KasbahCannotIssue](runbooks/cannot-issue.md)",
  },
  LEDGER_UNAVAILABLE: {
    ...outage,
    cause:
      "the CA cannot write the decision to its ledger, or the expiry of the certificate to its control state",
    fix: "the operator: [free space](runbooks/disk-full.md) or repair the disk; the CA recovers automatically",
  },
  LINT_FAILED: {
    ...outage,
    retry: "no",
    cause: "the certificate differs from the order; the CA discarded it",
    fix: "report it: this is a bug in kasbah",
  },
} satisfies Record<CaErrorCode, CodeHelp>;
