import type { SpiffeId } from "@kasbah/pki";
import type { SubjectAltName } from "@kasbah/pki/certificate-writer";

/** A name that only the CA's own serving certificate may have. */
export interface ReservedName {
  /** In lower case, from the left. */
  readonly labels: readonly string[];
  /** Whether the names below any domain are reserved as well: clusters have domains of their own. */
  readonly inAnyDomain: boolean;
  /** The namespace of the Service that the name belongs to, if it is one. */
  readonly namespace?: string;
}

/**
 * The DNS names of the CA's own server. A workload with one of them could pose as the CA and receive the tokens
 * that agents send to it.
 */
export class ReservedNames {
  static readonly none = new ReservedNames([]);

  readonly all: readonly ReservedName[];

  private constructor(all: readonly ReservedName[]) {
    this.all = all;
  }

  /** The names of the serving certificate, and every form that Kubernetes gives the names of their Services. */
  static from(serverNames: readonly SubjectAltName[], ownSpiffeId: SpiffeId | undefined): ReservedNames {
    const { namespace, serviceAccount } = ownSpiffeId?.workload ?? {};
    const own = serviceAccount === undefined ? [] : [`${serviceAccount}.${namespace}.svc`];
    const served = serverNames.filter(({ kind }) => kind === "dns").map(({ value }) => value);
    return new ReservedNames([...served, ...own].flatMap(formsOf));
  }

  /** Whether a workload certificate must not have this name. */
  contains(dnsName: string): boolean {
    const labels = labelsOf(dnsName);
    return this.all.some((reserved) => isForm(labels, reserved));
  }
}

/** Returns the part of the labels that decides whether they are a form of the name; undefined if none of them can be. */
export function decisiveLabels(
  labels: readonly string[],
  { labels: reserved, inAnyDomain }: ReservedName,
): readonly string[] | undefined {
  const hasLength = inAnyDomain ? labels.length >= reserved.length : labels.length === reserved.length;
  return hasLength ? labels.slice(0, reserved.length) : undefined;
}

function isForm(labels: readonly string[], reserved: ReservedName): boolean {
  return decisiveLabels(labels, reserved)?.join(".") === reserved.labels.join(".");
}

function formsOf(dnsName: string): readonly ReservedName[] {
  const labels = labelsOf(dnsName);
  const [service = "", namespace = "", svc] = labels;
  if (svc !== "svc") return [{ labels, inAnyDomain: false }];
  return [
    { labels: [service, namespace], inAnyDomain: false, namespace },
    { labels: [service, namespace, svc], inAnyDomain: true, namespace },
  ];
}

/** DNS compares without case, and a final dot only marks a name as absolute. */
function labelsOf(dnsName: string): readonly string[] {
  return dnsName.toLowerCase().replace(/\.$/, "").split(".");
}
