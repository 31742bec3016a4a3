import { createTokenIssuer } from "@kasbah/certs-dev";
import { openSegmentFile, SegmentLog } from "@kasbah/ledger";
import { parseTrustDomain } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { recordingLogger } from "@kasbah/testkit";
import { createCallerAuthenticator } from "../packages/ca-server/src/authn/caller-authenticator.ts";
import { tokenAlgorithms } from "../packages/ca-server/src/authn/jwks/key-set.ts";
import { JwksSource } from "../packages/ca-server/src/authn/jwks/source.ts";
import { JwksTokenAuthenticator } from "../packages/ca-server/src/authn/jwks/token.ts";

const issuer = "https://bench.invalid";
const clock = systemClock;
/** The usual length of a ledger entry. */
const ledgerLine = Buffer.from("x".repeat(650));

/** The parts of the CA that have state, each as a step that can be repeated. */
export interface CaParts {
  /** Verifies a service account token against a key set. */
  verifyToken(): Promise<unknown>;
  /** Appends one line to the ledger and waits until it is durable. */
  record(): Promise<void>;
  stop(): Promise<void>;
}

export async function startCaParts(folder: string): Promise<CaParts> {
  const logger = recordingLogger();
  const tokens = await createTokenIssuer({ issuer });
  const read = async () => JSON.stringify(tokens.jwks());
  const keys = new JwksSource({ location: "memory", read, refreshIntervalMs: 60_000, clock, logger });
  await keys.start();
  const trustDomain = parseTrustDomain("cluster.local");
  const issuers = [{ issuer, audiences: ["istio-ca"], algorithms: tokenAlgorithms, keys }];
  const authenticator = createCallerAuthenticator({
    tokens: [new JwksTokenAuthenticator({ issuers, trustDomain, clock })],
    certificates: undefined,
    onChecked: () => undefined,
  });
  const token = await tokens.mint({ namespace: "demo", serviceAccount: "bench", now: clock.now() });
  const log = new SegmentLog({
    openSegment: (first) => openSegmentFile(`${folder}/${first}.jsonl`),
    lastSegment: async () => 0,
    maxSegmentBytes: () => 16 * 1024 * 1024,
    onDurable: () => undefined,
    clock,
    logger,
  });
  await log.start();
  return {
    verifyToken: () =>
      authenticator.authenticate({ authorization: [`Bearer ${token}`], peerCertificates: [] }),
    record: () => log.append(ledgerLine),
    async stop() {
      await Promise.all([keys.stop(), log.stop()]);
    },
  };
}
