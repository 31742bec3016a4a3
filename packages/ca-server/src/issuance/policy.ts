import { type CertificateRequest, leafCommonName, type PublicKey, type SpiffeId } from "@kasbah/pki";
import { CaError } from "../errors.ts";
import { approveTtl } from "./lifetime.ts";
import { grantedNames } from "./names/granted-names.ts";
import { quote } from "./quote.ts";
import { expandedDnsNames, type IssuancePolicy, type Ruling, rulingOn } from "./rules.ts";

/** A request after its CSR proved possession of the key. */
export interface RequestedOrder {
  readonly request: CertificateRequest;
  /** Zero or less requests the default. */
  readonly ttlMs: number;
}

class Order {
  readonly spiffeId: SpiffeId;
  readonly dnsNames: readonly string[];
  /** DNS names of the rule that the certificate does not contain, because they are the CA's or could become any. */
  readonly withheldDnsNames: readonly string[];
  readonly publicKey: PublicKey;
  readonly ttlMs: number;
  /** The lifetime in the request, if a limit shortened it. */
  readonly shortenedFromMs: number | undefined;
  readonly commonName: string | undefined;
  /** The rule that allows the order. */
  readonly rule: string;
  /** The kinds of names and extensions that the CSR requested but the certificate does not contain. */
  readonly ignored: readonly string[];
  /** A private member makes the type nominal, so that no object literal can pass as an approved order. */
  readonly #approved = true;

  constructor(content: Omit<Order, "isApproved">) {
    this.spiffeId = content.spiffeId;
    this.dnsNames = content.dnsNames;
    this.withheldDnsNames = content.withheldDnsNames;
    this.publicKey = content.publicKey;
    this.ttlMs = content.ttlMs;
    this.shortenedFromMs = content.shortenedFromMs;
    this.commonName = content.commonName;
    this.rule = content.rule;
    this.ignored = content.ignored;
  }

  get isApproved(): boolean {
    return this.#approved;
  }
}

/** An order that may be signed. Only {@link approve} creates one, so nothing unapproved reaches the key. */
export type ApprovedOrder = Order;

/**
 * Decides whether an identity may have certificates at all, before any expensive work.
 *
 * @param issuer of the caller's token, if the CA knows it
 * @throws CaError `IDENTITY_NOT_ALLOWED`.
 */
export function admit(subject: SpiffeId, policy: IssuancePolicy, issuer?: string): Ruling {
  const ruling = rulingOn(subject, policy, issuer);
  const { rule, terms } = ruling;
  if (terms.allow) return ruling;
  const reason = terms.reason === undefined ? "" : ` (${terms.reason})`;
  throw new CaError("IDENTITY_NOT_ALLOWED", `the policy denies ${subject} a certificate${reason}`, {
    rule,
    fix: "use another service account, or ask the operator of the mesh to allow this one",
  });
}

/**
 * Approves a request. The name comes from the subject, the key from the CSR, everything else from the profile
 * and the rule. Names and extensions of the CSR are ignored, unless the rule refuses them.
 *
 * @throws CaError `CSR_KEY_REJECTED`, `CSR_IDENTITY_MISMATCH`, `TTL_TOO_LONG`.
 */
export function approve(
  subject: SpiffeId,
  { request, ttlMs }: RequestedOrder,
  ruling: Ruling,
  policy: IssuancePolicy,
): ApprovedOrder {
  const { rule, terms } = ruling;
  const dnsNames = grantedNames(subject, terms, policy.reservedNames);
  checkKeyType(request.publicKey, ruling);
  const ignored = unsupportedRequests(request, subject, dnsNames);
  refuseForeignNames(request, subject, ruling);
  const grantedMs = approveTtl(ttlMs, ruling, policy);
  return new Order({
    spiffeId: subject,
    dnsNames,
    withheldDnsNames: expandedDnsNames(subject, terms).filter((name) => !dnsNames.includes(name)),
    publicKey: request.publicKey,
    ttlMs: grantedMs,
    shortenedFromMs: ttlMs > grantedMs ? ttlMs : undefined,
    commonName: leafCommonName(request, subject),
    rule,
    ignored: boundedKinds(ignored),
  });
}

/** A name that the rule grants, but that the CA withholds, is no reason to refuse its holder. */
function refuseForeignNames(request: CertificateRequest, subject: SpiffeId, { rule, terms }: Ruling): void {
  if (terms.onForeignNames !== "refuse") return;
  const foreign = unsupportedRequests(request, subject, expandedDnsNames(subject, terms));
  if (foreign.length > 0) throw identityMismatch(foreign, request, subject, rule);
}

function checkKeyType({ type }: PublicKey, { rule, terms: { keyTypes } }: Ruling): void {
  if (keyTypes === undefined || keyTypes.includes(type)) return;
  throw new CaError("CSR_KEY_REJECTED", "the policy does not allow keys of this type", {
    rule,
    expected: keyTypes.join(" or "),
    seen: type,
    fix: "generate a key of an allowed type",
  });
}

/** A CSR can contain a thousand extensions with identifiers of any length, and the ledger records the ignored ones. */
const maxKinds = 20;

const maxSeenLength = 300;

/** The kinds that have a name, and the number of the others. */
function boundedKinds(kinds: readonly string[]): readonly string[] {
  const named = kinds.filter((kind) => /^[a-zA-Z]{1,40}$/.test(kind)).slice(0, maxKinds);
  return named.length === kinds.length ? named : [...named, `other (${kinds.length - named.length})`];
}

/** The kinds of names and extensions that the request contains beyond the granted names, each kind once. */
function unsupportedRequests(
  { requestedUris, requestedDnsNames, ignored }: CertificateRequest,
  subject: SpiffeId,
  dnsNames: readonly string[],
): readonly string[] {
  const ownUri = subject.toString();
  const hasForeignUri = requestedUris.some((uri) => uri !== ownUri);
  const hasForeignDns = requestedDnsNames.some((name) => !dnsNames.includes(name));
  const others = ignored.filter((kind) => kind !== "dNSName");
  return [
    ...(hasForeignUri ? ["uniformResourceIdentifier"] : []),
    ...(hasForeignDns ? ["dNSName"] : []),
    ...others,
  ];
}

function identityMismatch(
  ignored: readonly string[],
  { requestedUris }: CertificateRequest,
  subject: SpiffeId,
  rule: string,
): CaError {
  const uris = requestedUris.length === 0 ? "" : ` with the URI names ${quote(requestedUris)}`;
  return new CaError("CSR_IDENTITY_MISMATCH", "the CSR requests more than the caller's own names", {
    rule,
    expected: `at most ${subject}`,
    seen: `${ignored.slice(0, maxKinds).join(", ").slice(0, maxSeenLength)}${uris}`,
    fix: "request no name, or only the caller's own SPIFFE ID",
  });
}
