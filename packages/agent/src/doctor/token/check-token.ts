import { explainReadFailure } from "@kasbah/runtime/read-failure";
import { readBoundedFile } from "../../bounded-file.ts";
import type { AgentConfig } from "../../config/options.ts";
import { parseTokenSubject } from "../../identity.ts";
import { describeExpiry, roughDuration, utcMinute } from "../../secret/validity.ts";
import { critical, type Observation, passed, warning } from "../report.ts";

import { describeAudiences, parseTokenClaims, type TokenClaims } from "./token-claims.ts";

const maxTokenBytes = 16 * 1024;
/** Clocks of machines in one cluster differ by less. */
const leewayMs = 5_000;
/** The kubelet replaces a token when a fifth of its lifetime is left. */
const expiringShare = 0.1;

const page = "docs/agent-rotation.md#credentials";
const mount =
  "mount a projected serviceAccountToken there, or set --token-file; on a machine, put a new token into the file";

export interface TokenCheck {
  readonly observations: readonly Observation[];
  /** Undefined if there is no JWT. */
  readonly claims: TokenClaims | undefined;
}

/** Reads the token file as the agent does, and its claims without verifying them: only the CA can. */
export async function checkToken(
  config: Pick<AgentConfig, "tokenFile" | "namespace" | "serviceAccount">,
  now: Date,
): Promise<TokenCheck> {
  const { tokenFile: path } = config;
  const read = await readToken(path);
  if (typeof read !== "string") return { observations: [read], claims: undefined };
  const claims = parseTokenClaims(read);
  if (claims === undefined) {
    const what = `the token in ${path} is not a JWT, so only the CA can tell its identity and expiry`;
    return { observations: [warning("token", "TOKEN_NOT_JWT", { what, fix: mount })], claims };
  }
  const problems = [...timeProblems(claims, path, now), ...nameProblems(read, claims, config)];
  const isUsable = problems.every(({ level }) => level !== "critical");
  return { observations: isUsable ? [...problems, summary(claims, path, now)] : problems, claims };
}

async function readToken(path: string) {
  try {
    const token = (await readBoundedFile(path, maxTokenBytes)).trim();
    if (token === "") {
      const what = `the token file ${path} is empty`;
      return critical("token", "TOKEN_EMPTY", { what, fix: mount, page });
    }
    if (/^[\x21-\x7e]+$/.test(token)) return token;
    const what = `the token file ${path} contains characters that are not allowed in a token`;
    return critical("token", "TOKEN_UNREADABLE", { what, fix: mount, page });
  } catch (error) {
    const { reason, fix = mount } = await explainReadFailure(path, error);
    const what = `cannot read the token file ${path}: ${reason}`;
    return critical("token", "TOKEN_UNREADABLE", { what, fix, page });
  }
}

function timeProblems({ expiresAt, issuedAt, notBefore }: TokenClaims, path: string, now: Date) {
  const problems = [];
  const start = Math.max(issuedAt?.getTime() ?? 0, notBefore?.getTime() ?? 0);
  const earlyMs = start - now.getTime();
  if (earlyMs > leewayMs) {
    const what = `the token in ${path} was issued at ${utcMinute(new Date(start))}, which is ${roughDuration(earlyMs)} ahead of the local clock`;
    const fix = "set the local clock, unless that of the token's issuer is wrong";
    problems.push(critical("clock", "CLOCK_BEHIND", { what, fix }));
  }
  if (expiresAt === undefined) return problems;
  const leftMs = expiresAt.getTime() - now.getTime();
  const lifetimeMs = issuedAt === undefined ? 0 : expiresAt.getTime() - issuedAt.getTime();
  const what = `the token in ${path} ${describeExpiry(expiresAt, now)}`;
  if (leftMs <= 0) {
    const fix =
      "in Kubernetes, find out why the kubelet does not replace it (kubectl describe pod); on a machine, put a new token into the file; if the time is not in the past, set the local clock";
    problems.push(critical("token", "TOKEN_EXPIRED", { what, fix, page }));
  } else if (leftMs < expiringShare * lifetimeMs) {
    const fix = "find out why the kubelet has not replaced it, or put a new token into the file";
    problems.push(warning("token", "TOKEN_EXPIRING", { what, fix, page }));
  }
  return problems;
}

function nameProblems(
  token: string,
  { subject }: TokenClaims,
  { namespace, serviceAccount }: Pick<AgentConfig, "namespace" | "serviceAccount">,
) {
  const named = parseTokenSubject(token);
  const shown = subject ?? "nothing";
  if (named === undefined) {
    if (namespace !== undefined && serviceAccount !== undefined) return [];
    const what = `the token is for ${shown}, not for a Kubernetes service account`;
    const fix = "set --namespace and --service-account, or mount the token of a service account";
    return [critical("token", "TOKEN_NOT_SERVICE_ACCOUNT", { what, fix, page })];
  }
  const isOther =
    (namespace ?? named.namespace) !== named.namespace ||
    (serviceAccount ?? named.serviceAccount) !== named.serviceAccount;
  if (!isOther) return [];
  const ours = `${namespace ?? named.namespace}/${serviceAccount ?? named.serviceAccount}`;
  const what = `the token is for the service account ${named.namespace}/${named.serviceAccount}, but the agent is configured for ${ours}`;
  const fix = `mount the token of ${ours}, or remove --namespace and --service-account (POD_NAMESPACE, SERVICE_ACCOUNT)`;
  return [critical("token", "TOKEN_OTHER_ACCOUNT", { what, fix, page })];
}

function summary(claims: TokenClaims, path: string, now: Date): Observation {
  const { subject = "no subject", issuer = "no issuer", expiresAt } = claims;
  const expiry = expiresAt === undefined ? "without expiry" : describeExpiry(expiresAt, now);
  return passed("token", `${path}: ${subject}, ${describeAudiences(claims)}, issuer ${issuer}, ${expiry}`);
}
