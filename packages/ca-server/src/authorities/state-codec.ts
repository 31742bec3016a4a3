import { type Certificate, findCertificates, parseCertificate, parseTrustedRoot } from "@kasbah/pki";
import { type AuthorityRequest, type AuthorityRequests, noRequests } from "./rotation/authority-request.ts";
import type { AuthorityState, LedgerHead, RotationHold, RotationState } from "./rotation/authority-state.ts";
import type { CrossCertificate } from "./rotation/cross-certificate.ts";
import type {
  AuthorityKind,
  AuthorityOrigin,
  AuthorityStage,
  HorizonLeaf,
  StoredAuthority,
} from "./rotation/stored-authority.ts";

/** A JSON object as `JSON.parse` returns it. */
type Fields = Readonly<Record<string, unknown>>;

const kinds: readonly AuthorityKind[] = ["root", "intermediate"];
const origins: readonly AuthorityOrigin[] = ["self-signed", "plugged-in"];
const stages: readonly AuthorityStage[] = ["prepared", "distributed", "active", "retiring", "retired"];
const openStages: readonly RotationState["stage"][] = ["prepared", "distributed", "active", "retiring"];
const holds: readonly RotationHold[] = ["none", "starts", "all"];

/** Encodes the state as JSON, with dates in RFC 3339 and certificates in PEM. It contains no key. */
export function encodeState(state: AuthorityState): Fields {
  const { epoch, made, signerId, servingSignerId, hold, pluggedInDigest, restoredAt } = state;
  const odd = state.extraRoots.filter(({ waivedRule }) => waivedRule !== undefined);
  const { crossCertificates, requests } = state;
  return {
    epoch,
    made: { ...made },
    signerId,
    servingSignerId,
    hold,
    authorities: state.authorities.map(encodeAuthority),
    extraRoots: pemsOf(state.extraRoots.filter(({ waivedRule }) => waivedRule === undefined)),
    // Releases before bundles became tolerant cannot read these, and ignore the field.
    ...(odd.length === 0 ? {} : { oddRoots: pemsOf(odd) }),
    ...(state.rotation === undefined ? {} : { rotation: encodeRotation(state.rotation) }),
    ...(pluggedInDigest === undefined ? {} : { pluggedInDigest }),
    ...(restoredAt === undefined ? {} : { restoredAt: restoredAt.toISOString() }),
    ...(crossCertificates.length === 0 ? {} : { crossCertificates: crossCertificates.map(encodeCross) }),
    ...(requests.made === 0 ? {} : { requests: encodeRequests(requests) }),
    ...(state.ledgers === undefined ? {} : { ledgers: state.ledgers }),
  };
}

/**
 * Decodes the output of {@link encodeState}. @throws TypeError or PkiError if a field is missing or has the
 * wrong type
 */
export function decodeState(value: unknown): AuthorityState {
  const fields = fieldsOf(value);
  const made = fieldsOf(fields["made"]);
  return {
    epoch: count(fields, "epoch"),
    made: { root: count(made, "root"), intermediate: count(made, "intermediate") },
    signerId: text(fields, "signerId"),
    servingSignerId: text(fields, "servingSignerId"),
    hold: oneOf(fields, "hold", holds),
    authorities: list(fields, "authorities").map((each) => decodeAuthority(fieldsOf(each))),
    extraRoots: [...certificates(fields, "extraRoots"), ...oddRoots(fields)],
    rotation: fields["rotation"] === undefined ? undefined : decodeRotation(fieldsOf(fields["rotation"])),
    pluggedInDigest: fields["pluggedInDigest"] === undefined ? undefined : text(fields, "pluggedInDigest"),
    restoredAt: fields["restoredAt"] === undefined ? undefined : date(fields, "restoredAt"),
    // Earlier releases write none.
    crossCertificates:
      fields["crossCertificates"] === undefined
        ? []
        : list(fields, "crossCertificates").map((each) => decodeCross(fieldsOf(each))),
    requests: fields["requests"] === undefined ? noRequests : decodeRequests(fieldsOf(fields["requests"])),
    ...(fields["ledgers"] === undefined ? {} : { ledgers: list(fields, "ledgers").map(decodeLedger) }),
  };
}

// The release before ignores optional fields that it does not know.

function encodeAuthority(authority: StoredAuthority): Fields {
  const { horizonLeaf, distrustedAt, ...rest } = authority;
  return {
    ...rest,
    certificate: authority.certificate.toPem(),
    chain: authority.chain.map((certificate) => certificate.toPem()),
    stageSince: authority.stageSince.toISOString(),
    createdAt: authority.createdAt.toISOString(),
    leafHorizon: authority.leafHorizon.toISOString(),
    ...encodedLeaf("horizonLeaf", horizonLeaf),
    ...(distrustedAt === undefined ? {} : { distrustedAt: distrustedAt.toISOString() }),
  };
}

function decodeAuthority(fields: Fields): StoredAuthority {
  return {
    id: authorityId(fields),
    kind: oneOf(fields, "kind", kinds),
    origin: oneOf(fields, "origin", origins),
    rootId: text(fields, "rootId"),
    certificate: parseCertificate(text(fields, "certificate")),
    chain: certificates(fields, "chain"),
    hasKey: fields["hasKey"] === true,
    stage: oneOf(fields, "stage", stages),
    stageSince: date(fields, "stageSince"),
    createdAt: date(fields, "createdAt"),
    leafHorizon: date(fields, "leafHorizon"),
    ...decodedLeaf("horizonLeaf", fields),
    ...(fields["distrustedAt"] === undefined ? {} : { distrustedAt: date(fields, "distrustedAt") }),
    ...(fields["byRequest"] === true ? { byRequest: true } : {}),
  };
}

function encodeRotation({ leaf, ...rotation }: RotationState): Fields {
  return {
    ...rotation,
    since: rotation.since.toISOString(),
    leavesUntil: rotation.leavesUntil.toISOString(),
    ...encodedLeaf("leaf", leaf),
    ...(rotation.unprovenUntil === undefined ? {} : { unprovenUntil: rotation.unprovenUntil.toISOString() }),
  };
}

function decodeRotation(fields: Fields): RotationState {
  return {
    kind: oneOf(fields, "kind", kinds),
    from: text(fields, "from"),
    to: text(fields, "to"),
    stage: oneOf(fields, "stage", openStages),
    since: date(fields, "since"),
    leavesUntil: date(fields, "leavesUntil"),
    aborted: fields["aborted"] === true,
    leaf: decodedLeaf("leaf", fields).leaf,
    ...(fields["unprovenUntil"] === undefined ? {} : { unprovenUntil: date(fields, "unprovenUntil") }),
    ...(fields["withoutProof"] === true ? { withoutProof: true } : {}),
  };
}

function decodeLedger(value: unknown): LedgerHead {
  const fields = fieldsOf(value);
  const loss = fields["loss"] === undefined ? undefined : fieldsOf(fields["loss"]);
  const follows = fields["follows"] === undefined ? undefined : fieldsOf(fields["follows"]);
  return {
    holder: text(fields, "holder"),
    origin: text(fields, "origin"),
    size: count(fields, "size"),
    root: text(fields, "root"),
    time: text(fields, "time"),
    ...(fields["place"] === undefined ? {} : { place: text(fields, "place") }),
    ...(fields["first"] === undefined ? {} : { first: count(fields, "first") }),
    ...(follows === undefined
      ? {}
      : {
          follows: {
            origin: text(follows, "origin"),
            size: count(follows, "size"),
            root: text(follows, "root"),
          },
        }),
    ...(loss === undefined
      ? {}
      : { loss: { time: text(loss, "time"), found: text(loss, "found"), evidence: text(loss, "evidence") } }),
  };
}

function encodedLeaf(name: string, leaf: HorizonLeaf | undefined): Fields {
  return leaf === undefined ? {} : { [name]: { ...leaf, notAfter: leaf.notAfter.toISOString() } };
}

function decodedLeaf<Name extends string>(
  name: Name,
  fields: Fields,
): { readonly [K in Name]?: HorizonLeaf } {
  if (fields[name] === undefined) return {};
  const leaf = fieldsOf(fields[name]);
  const present: { [K in Name]?: HorizonLeaf } = {};
  present[name] = {
    spiffeId: text(leaf, "spiffeId"),
    serial: text(leaf, "serial"),
    notAfter: date(leaf, "notAfter"),
  };
  return present;
}

function encodeCross({ certificate, ...ids }: CrossCertificate): Fields {
  return { ...ids, certificate: certificate.toPem() };
}

function decodeCross(fields: Fields): CrossCertificate {
  return {
    issuerId: text(fields, "issuerId"),
    subjectId: text(fields, "subjectId"),
    certificate: parseCertificate(text(fields, "certificate")),
  };
}

function encodeRequests({ made, open }: AuthorityRequests): Fields {
  const dates = ({ id, createdAt, expiresAt }: AuthorityRequest) => ({
    ...{ id, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString() },
  });
  return { made, open: open.map(dates) };
}

function decodeRequests(fields: Fields): AuthorityRequests {
  const open = list(fields, "open").map((each) => {
    const request = fieldsOf(each);
    const [createdAt, expiresAt] = [date(request, "createdAt"), date(request, "expiresAt")];
    return { id: requestId(request), createdAt, expiresAt };
  });
  return { made: count(fields, "made"), open };
}

// Ids become paths, and the state may come from a backup or a Secret.

function authorityId(fields: Fields): string {
  return matching(fields, "id", /^(root|intermediate)-[1-9]\d{0,14}$/, "an id such as root-1");
}

function requestId(fields: Fields): string {
  return matching(fields, "id", /^request-[1-9]\d{0,14}$/, "an id such as request-1");
}

function matching(fields: Fields, name: string, pattern: RegExp, expected: string): string {
  const value = text(fields, name);
  if (!pattern.test(value)) throw wrong(expected);
  return value;
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("an object");
  return { ...value };
}

function list(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw wrong(`a list as ${name}`);
  return value;
}

function certificates(fields: Fields, name: string): readonly Certificate[] {
  return list(fields, name).map((pem) => {
    if (typeof pem !== "string") throw wrong(`a list of strings as ${name}`);
    return parseCertificate(pem);
  });
}

function oddRoots(fields: Fields): readonly Certificate[] {
  if (fields["oddRoots"] === undefined) return [];
  const pems = list(fields, "oddRoots").map((pem) => (typeof pem === "string" ? pem : ""));
  return pems.flatMap((pem) => findCertificates(pem, parseTrustedRoot));
}

function pemsOf(roots: readonly Certificate[]): readonly string[] {
  return roots.map((root) => root.toPem());
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw wrong(`a string as ${name}`);
  return value;
}

function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw wrong(`a count as ${name}`);
  return value;
}

function date(fields: Fields, name: string): Date {
  const value = new Date(text(fields, name));
  if (Number.isNaN(value.getTime())) throw wrong(`an RFC 3339 time as ${name}`);
  return value;
}

function oneOf<T extends string>(fields: Fields, name: string, known: readonly T[]): T {
  const value = text(fields, name);
  const found = known.find((one) => one === value);
  if (found === undefined) throw wrong(`one of ${known.join(", ")} as ${name}`);
  return found;
}

function wrong(expected: string): TypeError {
  return new TypeError(`the control state does not have ${expected}`);
}
