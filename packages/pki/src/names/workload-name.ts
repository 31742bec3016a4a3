import { PkiError } from "../errors.ts";

/** A Kubernetes service account, from which Istio builds the identity of a workload. */
export interface WorkloadName {
  /** A DNS-1123 label. */
  readonly namespace: string;
  /** A DNS-1123 subdomain. */
  readonly serviceAccount: string;
}

const maxLabel = 63;
const maxSubdomain = 253;
const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/**
 * Checks both names as Kubernetes does (RFC 1123), so that neither can inject a `/` into a SPIFFE ID. @throws
 * PkiError `SPIFFE_ID_MALFORMED`
 */
export function parseWorkloadName(namespace: string, serviceAccount: string): WorkloadName {
  if (!isLabel(namespace)) {
    throw new PkiError("SPIFFE_ID_MALFORMED", "the namespace is not a DNS-1123 label");
  }
  if (!isSubdomain(serviceAccount)) {
    throw new PkiError("SPIFFE_ID_MALFORMED", "the service account is not a DNS-1123 subdomain");
  }
  return { namespace, serviceAccount };
}

/** Whether the text is a DNS-1123 label of at most 63 characters. */
export function isLabel(text: string): boolean {
  return text.length <= maxLabel && label.test(text);
}

/**
 * Whether the text is a DNS-1123 subdomain of at most 253 characters. The length of its labels is not
 * limited.
 */
export function isSubdomain(text: string): boolean {
  return text.length <= maxSubdomain && text.split(".").every((part) => label.test(part));
}
