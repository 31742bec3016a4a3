import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { systemClock } from "@kasbah/runtime";
import {
  acceptedReview,
  type FakeKubernetesApi,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
  untilSeen,
} from "@kasbah/testkit";
import { type RunningCa, startCa } from "../../harness/ca-process.ts";
import { attackTimeoutMs } from "../../harness/until.ts";
import { vitalsOf } from "../../harness/vitals.ts";
import { controlCall } from "../http2/control-call.ts";
import type { Addresses } from "./swarm.ts";
import type { TokenAttack } from "./token-attacker.ts";

/** The limit of the chart. The heap of V8 may use half of it, as in a container with this limit. */
const limitMiB = 512;
/** `npm test` runs a small attack; `npm run test:soak` all of it. */
const isFull = process.env["KASBAH_ATTACK"] === "full";
const goodCalls = isFull ? 100 : 20;
const atATime = 10;
const delayMs = 100;
const withinMs = 180_000;
/** The share of tokens with an unknown key, and the one read of the keys that the first of them causes. */
const share = { burst: 100, perSecond: 10 };

const shapes: Readonly<Record<Addresses, Pick<TokenAttack, "connections" | "streams">>> = {
  "one address": { connections: 6, streams: isFull ? 100 : 30 },
  "2,000 addresses": { connections: isFull ? 2_000 : 150, streams: 1 },
  "the address of the good callers": { connections: 6, streams: isFull ? 100 : 30 },
};

describe("CA that has tokens reviewed 100 ms away, attacked with invented tokens", function () {
  this.timeout(attackTimeoutMs);
  let directory: TemporaryDirectory;
  let api: FakeKubernetesApi;
  let cluster: DevTokenIssuer;
  let ca: RunningCa;

  before(async () => {
    directory = await temporaryDirectory();
    cluster = await createTokenIssuer({ issuer: "https://kubernetes.default.svc" });
    api = await startFakeKubernetesApi({
      verdict: async ({ token, audiences }) => {
        await systemClock.sleep(delayMs);
        const { sub } = claimsOf(token);
        const isGood = String(sub).startsWith("system:serviceaccount:demo:control-");
        return isGood ? acceptedReview(String(sub), audiences) : { error: "[invalid bearer token]" };
      },
    });
    api.jwks = cluster.jwks();
    await writeFile(directory.join("ca.pem"), api.rootPem);
    await writeFile(directory.join("token"), "the-token-of-the-ca");
    const server = ["--kubernetes-api", api.url.href, "--allow-address", "127.0.0.1"];
    const files = ["--kubernetes-ca-file", directory.join("ca.pem")];
    const flags = [...server, ...files, "--kubernetes-token-file", directory.join("token")];
    const env = { NODE_OPTIONS: `--max-old-space-size=${limitMiB / 2}` };
    ca = await startCa({ withIssuer: false, env, flags });
  });

  after(async () => {
    await ca?.stop();
    await api?.close();
    await directory?.remove();
  });

  for (const [from, shape] of Object.entries(shapes)) {
    it(`issues every certificate while it is attacked from ${from}, and asks about few invented tokens`, async () => {
      const [before, refused, startedMs] = [uselessReviews(api), await refusals(), systemClock.monotonicMs()];
      const worker = await startAttack(from as Addresses, shape);
      try {
        await untilSeen(
          "refusals",
          withinMs,
          async () => (await refusals()) > refused + (isFull ? 1_000 : 100) || undefined,
        );
        assert.deepEqual(await failuresOf({ ...ca, tokens: cluster }), []);
      } finally {
        await worker.terminate();
      }
      const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
      const useless = uselessReviews(api) - before;
      const allowed = share.burst + share.perSecond * seconds;
      assert.ok(useless <= allowed, `${useless} useless reviews, of at most ${allowed}`);
    });
  }

  it("stays within its memory", async () => {
    const { peakMiB } = await vitalsOf(ca.pid);
    assert.ok(peakMiB < limitMiB, `${peakMiB} MiB`);
  });

  async function startAttack(addresses: Addresses, shape: (typeof shapes)[Addresses]): Promise<Worker> {
    const base = { namespace: "demo", serviceAccount: "attacker", audience: "istio-ca" };
    const now = systemClock.now();
    const late = new Date(now.getTime() - 3 * 3_600_000);
    const [good, expired, foreign] = await Promise.all([
      cluster.mint({ ...base, now }),
      cluster.mint({ ...base, now: late }),
      cluster.mint({ ...base, now, audience: "vault" }),
    ]);
    const header = JSON.parse(Buffer.from(good.split(".")[0] ?? "", "base64url").toString());
    const attack: TokenAttack = {
      ...{ target: { port: ca.port, rootPem: ca.rootPem }, addresses, ...shape },
      ...{ claims: claimsOf(good), kid: String(header.kid), useless: [expired, foreign] },
    };
    const worker = new Worker(new URL("./token-attacker.ts", import.meta.url), { workerData: attack });
    worker.on("error", (error) => process.stderr.write(`the attacker failed: ${String(error)}\n`));
    return worker;
  }

  /** The number of tokens that the CA has refused so far. */
  async function refusals(): Promise<number> {
    const page = await ca.process.status("/metrics");
    const series =
      /^kasbah_credentials\S*\{credential="kubernetes-token",verdict="(?!accepted)\w+"\} (\d+)$/gm;
    return [...page.matchAll(series)].reduce((sum, [, count]) => sum + Number(count), 0);
  }
});

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

function uselessReviews({ calls }: FakeKubernetesApi): number {
  return calls.filter(({ token }) => token !== undefined && /attacker/.test(String(claimsOf(token)["sub"])))
    .length;
}

/** The failures among the good calls and the probes that go with them. */
async function failuresOf(ca: RunningCa): Promise<readonly string[]> {
  const failures: string[] = [];
  for (let count = 0; count < goodCalls; count += atATime) {
    const calls = Array.from({ length: atATime }, () => controlCall(ca));
    const probes = [ca.process.status("/healthz/live"), ca.process.readiness()];
    const outcomes = await Promise.allSettled([...calls, ...probes]);
    failures.push(...outcomes.filter((one) => one.status === "rejected").map(({ reason }) => String(reason)));
  }
  return failures;
}
