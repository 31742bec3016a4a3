import { PkiError } from "../errors.ts";
import { parseTrustDomain, type TrustDomain } from "./trust-domain.ts";
import { isLabel, isSubdomain, parseWorkloadName, type WorkloadName } from "./workload-name.ts";

const scheme = "spiffe://";
const maxLength = 2048;
const segment = /^[a-zA-Z0-9._-]+$/;

/**
 * A SPIFFE ID, always valid (SPIFFE-ID §2): at most 2048 bytes, no empty or dot segments, no
 * percent-encoding, user info, port, query or fragment. The path is empty or starts with `/`.
 */
export class SpiffeId {
  readonly trustDomain: TrustDomain;
  readonly path: string;
  /** Null until it is asked for. */
  #workload: WorkloadName | undefined | null = null;

  /** @throws PkiError `SPIFFE_ID_MALFORMED` */
  constructor(trustDomain: TrustDomain, path: string) {
    if (scheme.length + trustDomain.name.length + path.length > maxLength) {
      throw new PkiError("SPIFFE_ID_MALFORMED", `the SPIFFE ID is longer than ${maxLength} bytes`);
    }
    checkPath(path);
    this.trustDomain = trustDomain;
    this.path = path;
  }

  /** The identity that Istio gives to a service account: `spiffe://<td>/ns/<ns>/sa/<sa>`. */
  static forWorkload(trustDomain: TrustDomain, workload: WorkloadName): SpiffeId {
    const { namespace, serviceAccount } = parseWorkloadName(workload.namespace, workload.serviceAccount);
    return new SpiffeId(trustDomain, `/ns/${namespace}/sa/${serviceAccount}`);
  }

  /** The service account of this identity, if it has Istio's form. */
  get workload(): WorkloadName | undefined {
    if (this.#workload === null) this.#workload = workloadOf(this.path);
    return this.#workload;
  }

  /** The form that Istio's AuthorizationPolicy uses under `principals`: the ID without its scheme. */
  get principal(): string {
    return `${this.trustDomain.name}${this.path}`;
  }

  toString(): string {
    return `${scheme}${this.principal}`;
  }

  equals(other: SpiffeId): boolean {
    return this.principal === other.principal;
  }
}

function workloadOf(path: string): WorkloadName | undefined {
  const [empty, ns, namespace = "", sa, serviceAccount = "", ...rest] = path.split("/");
  const hasForm = empty === "" && ns === "ns" && sa === "sa" && rest.length === 0;
  if (!hasForm || !isLabel(namespace) || !isSubdomain(serviceAccount)) return undefined;
  return { namespace, serviceAccount };
}

/**
 * Reads `spiffe://trust-domain/path`. Scheme and trust domain must be in lower case. @throws PkiError
 * `SPIFFE_ID_MALFORMED`
 */
export function parseSpiffeId(text: string): SpiffeId {
  if (text.length > maxLength) {
    throw new PkiError("SPIFFE_ID_MALFORMED", `the SPIFFE ID is longer than ${maxLength} bytes`);
  }
  if (!text.startsWith(scheme)) {
    throw new PkiError("SPIFFE_ID_MALFORMED", `the SPIFFE ID does not start with ${scheme}`);
  }
  const slash = text.indexOf("/", scheme.length);
  const end = slash === -1 ? text.length : slash;
  return new SpiffeId(parseTrustDomain(text.slice(scheme.length, end)), text.slice(end));
}

function checkPath(path: string): void {
  if (path === "") return;
  const [beforeSlash, ...segments] = path.split("/");
  if (beforeSlash !== "") {
    throw new PkiError("SPIFFE_ID_MALFORMED", "the path of the SPIFFE ID does not start with /");
  }
  for (const part of segments) {
    if (part === "" || part === "." || part === "..") {
      throw new PkiError("SPIFFE_ID_MALFORMED", "the path of the SPIFFE ID has an empty or a dot segment");
    }
    if (!segment.test(part)) {
      throw new PkiError(
        "SPIFFE_ID_MALFORMED",
        "the path of the SPIFFE ID has characters outside a-z A-Z 0-9 . - _",
      );
    }
  }
}
