import { randomBytes } from "node:crypto";
import { createTokenIssuer } from "@kasbah/certs-dev";
import {
  createKeyPair,
  createWorkloadSerial,
  leafValidity,
  parseSpiffeId,
  parseTrustDomain,
  TrustBundle,
} from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority, recordingLogger } from "@kasbah/testkit";
import { createCallerAuthenticator } from "../packages/ca-server/src/authn/caller-authenticator.ts";
import { ClientCertificateAuthenticator } from "../packages/ca-server/src/authn/client-certificate.ts";
import { tokenAlgorithms } from "../packages/ca-server/src/authn/jwks/key-set.ts";
import { JwksSource } from "../packages/ca-server/src/authn/jwks/source.ts";
import { JwksTokenAuthenticator } from "../packages/ca-server/src/authn/jwks/token.ts";
import { refusalOf } from "../packages/ca-server/src/grpc/status.ts";
import type { Authenticator } from "../packages/ca-server/src/issuance/ports.ts";
import { openTerms, rulingOn } from "../packages/ca-server/src/issuance/rules.ts";
import { cpuUsOf, type Step } from "./cpu.ts";
import { type PhysicalLimit, timesOpenssl } from "./openssl-speed.ts";
import type { Figure } from "./report.ts";

const topic = "CPU of admission: authenticating a caller, rejecting an unauthenticated one";
const issuer = "https://bench.invalid";
const clock = systemClock;
const trustDomain = parseTrustDomain("cluster.local");
const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/bench");
const hour = 3_600_000;

/** Measures the CPU time to authenticate a caller, and to reject an unauthenticated one. */
export async function measureAdmission(limit: PhysicalLimit): Promise<readonly Figure[]> {
  const tokens = await createTokenIssuer({ issuer });
  const read = async () => JSON.stringify(tokens.jwks());
  const logger = recordingLogger();
  const keys = new JwksSource({ location: "memory", read, refreshIntervalMs: hour, clock, logger });
  await keys.start();
  try {
    const steps = [...(await certificateSteps()), ...(await strangerSteps(keys, tokens)), ...policySteps()];
    const figures: Figure[] = [];
    for (const [name, step] of steps) {
      const value = await cpuUsOf(step);
      figures.push({ topic, name, value, unit: "µs", against: timesOpenssl(value, limit) });
    }
    return figures;
  } finally {
    await keys.stop();
  }
}

async function certificateSteps(): Promise<readonly Step[]> {
  const authority = await createTestAuthority();
  const { publicKey } = await createKeyPair("P-256");
  const now = clock.now();
  const template = {
    serial: createWorkloadSerial(now),
    validity: leafValidity({ now, ttlMs: hour, issuerNotAfter: authority.certificate.notAfter }),
    publicKey,
    subjectAltNames: [{ kind: "uri", value: spiffeId.toString() } as const],
  };
  const leaf = await createCertificateWriter().writeLeaf(template, authority);
  const bundle = TrustBundle.from([authority.certificate]);
  const authorities = { trustBundle: () => bundle, knownChains: () => [[]], isDistrusted: () => false };
  const marks = { isGone: () => false, issuerOf: () => undefined };
  const issuerMarks = { issuerOf: () => undefined };
  const parts = { authorities, trustDomain, maxRenewalAgeMs: hour, marks, issuerMarks, clock };
  const authenticator = new ClientCertificateAuthenticator(parts);
  const credentials = { authorization: [], peerCertificates: [leaf.der] };
  return [["authenticate a caller by its certificate", () => authenticator.authenticate(credentials)]];
}

async function strangerSteps(
  keys: JwksSource,
  tokens: Awaited<ReturnType<typeof createTokenIssuer>>,
): Promise<readonly Step[]> {
  const issuers = [{ issuer, audiences: ["istio-ca"], algorithms: tokenAlgorithms, keys }];
  const authenticator = createCallerAuthenticator({
    tokens: [new JwksTokenAuthenticator({ issuers, trustDomain, clock })],
    certificates: undefined,
    onChecked: () => undefined,
  });
  const good = await tokens.mint({ namespace: "demo", serviceAccount: "bench", now: clock.now() });
  const [header = "", payload = "", signature = ""] = good.split(".");
  const otherSignature = Buffer.from(signature, "base64url").reverse().toString("base64url");
  const nested = Buffer.from(`{"a":${"[".repeat(6_000)}${"]".repeat(6_000)}}`).toString("base64url");
  const refuse = (...authorization: string[]) => refusedBy(authenticator, authorization);
  return [
    ["reject a call without a token", refuse()],
    ["reject 16 KiB that are not a token", refuse(`Bearer ${randomBytes(8_000).toString("hex")}`)],
    ["reject 16 KiB of nested claims", refuse(`Bearer ${header}.${nested}.${signature}`)],
    ["reject a token with a forged signature", refuse(`Bearer ${header}.${payload}.${otherSignature}`)],
  ];
}

function refusedBy(authenticator: Authenticator, authorization: readonly string[]): () => Promise<void> {
  return async () => {
    try {
      await authenticator.authenticate({ authorization, peerCertificates: [] });
    } catch (error) {
      refusalOf(error, "0123456789ab");
      return;
    }
    throw new Error("an unauthenticated caller was accepted");
  };
}

function policySteps(): readonly Step[] {
  const rules = Array.from({ length: 1_000 }, (_, index) => ({
    name: `rule-${index}`,
    namespaces: [{ startsWith: `team-${index}-` }],
    serviceAccounts: [{ startsWith: "" }],
    terms: openTerms,
  }));
  const policy = { rules, fallback: openTerms };
  return [["evaluate a thousand rules", () => rulingOn(spiffeId, policy)]];
}
