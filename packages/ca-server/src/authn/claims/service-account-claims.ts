import { hash } from "node:crypto";
import { PkiError, parseWorkloadName, type WorkloadName } from "@kasbah/pki";
import { CaError } from "../../errors.ts";
import type { PodFacts } from "../../issuance/ports.ts";
import { quote } from "../../issuance/quote.ts";
import { isJsonObject } from "./strict-json.ts";

/** Claims of a token whose signature was verified. */
export type Claims = Readonly<Record<string, unknown>>;

/** The owner of a token. */
export interface ServiceAccount {
  readonly workload: WorkloadName;
  readonly pod?: PodFacts;
  /** Name of the node that the token's pod runs on. */
  readonly node?: string;
}

const kubernetes = "kubernetes.io";

/**
 * Reads the owner of a token from its `sub`. If there are claims under `kubernetes.io`, they must match.
 *
 * @throws CaError `CALLER_NOT_SERVICE_ACCOUNT`, `TOKEN_REJECTED`.
 */
export function readServiceAccount(claims: Claims): ServiceAccount {
  const { sub } = claims;
  const workload = parseServiceAccountName(sub);
  const bound = claims[kubernetes];
  if (bound === undefined) return { workload };
  if (!isJsonObject(bound)) throw inconsistent(kubernetes, bound, "an object");
  const { namespace, serviceaccount, pod, node, secret, warnafter } = bound;
  if (namespace !== workload.namespace) throw inconsistent("namespace", namespace, quote(workload.namespace));
  const { name, uid } = requireObject(serviceaccount, "serviceaccount");
  if (name !== workload.serviceAccount) {
    throw inconsistent("serviceaccount.name", name, quote(workload.serviceAccount));
  }
  if (uid !== undefined) requireName(uid, "serviceaccount.uid");
  if (secret !== undefined) requireObject(secret, "secret");
  if (warnafter !== undefined && typeof warnafter !== "number")
    throw inconsistent("warnafter", warnafter, "a number");
  return {
    workload,
    ...(pod === undefined ? {} : { pod: podOf(requireObject(pod, "pod")) }),
    ...(node === undefined ? {} : { node: nodeOf(requireObject(node, "node")) }),
  };
}

/**
 * Parses `system:serviceaccount:<namespace>:<name>`, which has exactly four parts. It checks the names before
 * they become part of a path.
 *
 * @throws CaError `CALLER_NOT_SERVICE_ACCOUNT`.
 */
export function parseServiceAccountName(name: unknown): WorkloadName {
  const parts = typeof name === "string" ? name.split(":", 5) : [];
  const [system, kind, namespace, serviceAccount] = parts;
  if (parts.length !== 4 || system !== "system" || kind !== "serviceaccount") throw notServiceAccount(name);
  try {
    return parseWorkloadName(namespace ?? "", serviceAccount ?? "");
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw notServiceAccount(name, cause);
  }
}

/**
 * Hex SHA-256 of the token's `jti`: it identifies the token in the ledger but cannot be used as a credential.
 *
 * @throws CaError `TOKEN_REJECTED` if the `jti` is not a string (RFC 7519 §4.1.7).
 */
export function tokenIdHash({ jti }: Claims): string | undefined {
  if (jti === undefined) return undefined;
  if (typeof jti === "string") return hash("sha256", jti);
  throw new CaError("TOKEN_REJECTED", "the token's jti is not a string", {
    fix: "use a token that the issuer created for this mesh",
  });
}

function podOf({ name, uid }: Claims): PodFacts {
  return { name: requireName(name, "pod.name"), uid: requireName(uid, "pod.uid") };
}

function nodeOf({ name, uid }: Claims): string {
  if (uid !== undefined) requireName(uid, "node.uid");
  return requireName(name, "node.name");
}

function requireObject(value: unknown, name: string): Claims {
  if (isJsonObject(value)) return value;
  throw inconsistent(name, value, "an object");
}

function requireName(value: unknown, name: string): string {
  if (typeof value === "string" && value.length > 0 && value.length <= 253) return value;
  throw inconsistent(name, value, "a name of at most 253 characters");
}

function inconsistent(claim: string, seen: unknown, expected: string): CaError {
  const name = claim === kubernetes ? claim : `${kubernetes} ${claim}`;
  return new CaError("TOKEN_REJECTED", `the token's claim ${name} does not match its sub`, {
    expected,
    seen: quote(seen),
    fix: "use a token that Kubernetes issued for this service account",
  });
}

function notServiceAccount(seen: unknown, cause?: unknown): CaError {
  return new CaError("CALLER_NOT_SERVICE_ACCOUNT", "the token does not belong to a service account", {
    expected: "the sub system:serviceaccount:<namespace>:<name>",
    seen: quote(seen),
    fix: "mount a service account token",
    cause,
  });
}
