import { writeFile } from "node:fs/promises";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { systemClock } from "@kasbah/runtime";
import { temporaryDirectory } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { testIssuer } from "../harness/token-issuer.ts";
import { type BrokenPod, type PodChanges, startPod } from "./pods.ts";
import type { Place } from "./walk.ts";

const policy = `
version: 1
rules:
  - name: no-sandboxes
    namespaces: [sandbox-*]
    allow: false
    reason: sandboxes use the test CA
  - name: hurried
    namespaces: [demo]
    serviceAccounts: [hurried]
    allow: true
    rate: { perMinute: 1, burst: 1 }
default: { allow: true }
`;

/** The claims in which a token differs from one that the kubelet has just mounted for demo/frontend. */
export interface TokenChanges {
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly audience?: string;
  readonly ageMs?: number;
}

/** A CA with a policy, in which nothing is wrong. */
export class HealthyCa {
  readonly #ca: RunningCa;
  readonly #otherCluster: DevTokenIssuer;

  private constructor(ca: RunningCa, otherCluster: DevTokenIssuer) {
    this.#ca = ca;
    this.#otherCluster = otherCluster;
  }

  static async start(running: AsyncDisposableStack): Promise<HealthyCa> {
    const directory = await temporaryDirectory();
    running.defer(() => directory.remove());
    await writeFile(directory.join("policy.yaml"), policy);
    const ca = await startCa({ flags: ["--policy", directory.join("policy.yaml")] });
    running.use(ca);
    // In both clusters, tokens name https://kubernetes.default.svc as their issuer.
    return new HealthyCa(ca, await createTokenIssuer({ issuer: testIssuer }));
  }

  /** Where its operator works. */
  get place(): Place {
    return { env: { KASBAH_STATE_DIR: this.#ca.stateDir } };
  }

  token(changes: TokenChanges = {}): Promise<string> {
    return mint(this.#ca.tokens, changes);
  }

  tokenOfAnotherCluster(): Promise<string> {
    return mint(this.#otherCluster, {});
  }

  async startPod(running: AsyncDisposableStack, changes: PodChanges = {}): Promise<BrokenPod> {
    const { port, rootPem } = this.#ca;
    const ca = { host: "127.0.0.1", port };
    return startPod(running, { ca, rootPem, token: await this.token(), ...changes });
  }
}

function mint(tokens: DevTokenIssuer, { ageMs = 0, ...changes }: TokenChanges): Promise<string> {
  const now = new Date(systemClock.now().getTime() - ageMs);
  return tokens.mint({ namespace: "demo", serviceAccount: "frontend", ...changes, now });
}
