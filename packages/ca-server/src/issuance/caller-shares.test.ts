import assert from "node:assert/strict";
import { parseSpiffeId } from "@kasbah/pki";
import { FakeClock } from "@kasbah/testkit";
import { createThrottle } from "../admission/throttle.ts";
import { CaError } from "../errors.ts";
import { type ShareRequest, sharesOf } from "./caller-shares.ts";
import { caller, frontend, openPolicy, policyOf } from "./open-admission.fixture.ts";
import { admit } from "./policy.ts";
import type { IssuancePolicy } from "./rules.ts";

const usual = { ...openPolicy, defaultRate: 60 };
const podNamed = (uid: string) => ({ ...caller, pod: { name: `frontend-${uid}`, uid } });
const proxy = {
  ...podNamed("ztunnel-1"),
  spiffeId: parseSpiffeId("spiffe://cluster.local/ns/istio-system/sa/ztunnel"),
};
const nameOf = (index: number) => parseSpiffeId(`spiffe://cluster.local/ns/shop/sa/pod-${index}`);
const byCertificate = {
  ...caller,
  credential: { kind: "client-certificate", serial: "01", fingerprint: "02", tokenProvenAt: new Date(0) },
} as const;

/** Counts the calls that are allowed, all at the same moment unless the clock moves between them. */
class Counter {
  readonly clock = new FakeClock();
  readonly #throttle = createThrottle(this.clock);
  readonly #policy: IssuancePolicy;

  constructor(policy: IssuancePolicy = usual) {
    this.#policy = policy;
  }

  isAllowed(request: Partial<ShareRequest>): boolean {
    const { subject = frontend } = request;
    const whole = { caller, peer: { addressGroup: "10.0.0.1" }, ...request, subject };
    try {
      for (const share of sharesOf(whole, admit(subject, this.#policy), this.#policy))
        this.#throttle.takeOwn(share);
      return true;
    } catch (error) {
      assert.ok(error instanceof CaError && error.code === "RATE_LIMITED", String(error));
      return false;
    }
  }

  allowed(calls: number, requestOf: (index: number) => Partial<ShareRequest>): number {
    return Array.from({ length: calls }, (_, index) => requestOf(index)).filter((each) =>
      this.isAllowed(each),
    ).length;
  }
}

describe("sharesOf", () => {
  it("allows one pod 60 certificates at once and then one each second, by default", async () => {
    const counter = new Counter();
    const pod = { caller: podNamed("a") };
    assert.equal(
      counter.allowed(1_000, () => pod),
      60,
    );
    await counter.clock.advance(1_000);
    assert.equal(
      counter.allowed(1_000, () => pod),
      1,
    );
  });

  it("never lets one pod use up the share of another with the same name and address", () => {
    const counter = new Counter();
    counter.allowed(1_000, () => ({ caller: podNamed("greedy") }));
    const replicas = counter.allowed(1_000, (index) => ({ caller: podNamed(`replica-${index}`) }));
    assert.equal(replicas, 1_000);
    assert.equal(
      counter.allowed(100, () => ({})),
      100,
      "a token without a pod",
    );
  });

  it("counts a token without a pod by name and address, at ten times the rate", () => {
    const counter = new Counter();
    assert.equal(
      counter.allowed(1_000, () => ({})),
      600,
    );
    assert.equal(
      counter.allowed(1_000, () => ({ peer: { addressGroup: "10.0.0.2" } })),
      600,
    );
    const other = { caller: { ...caller, spiffeId: nameOf(1) }, subject: nameOf(1) };
    assert.equal(
      counter.allowed(600, () => other),
      600,
    );
  });

  it("lets a pod draw from one bucket with its token and with all certificates that name it", () => {
    for (const policy of [usual, policyOf({ rate: { perMinute: 60, burst: 60 } })]) {
      const counter = new Counter(policy);
      const podMark = "0123456789abcdef";
      const byToken = { caller: { ...podNamed("a"), podMark } };
      const renewed = (index: number) => ({
        caller: { ...byCertificate, podMark },
        peer: { addressGroup: `10.1.${index >> 8}.${index & 255}` },
      });
      assert.equal(
        counter.allowed(30, () => byToken),
        30,
      );
      assert.equal(counter.allowed(2_000, renewed), 30);
      const replica = { caller: { ...byCertificate, podMark: "fedcba9876543210" } };
      assert.equal(
        counter.allowed(60, () => replica),
        60,
      );
    }
  });

  it("never lets an issuer exhaust the share of another issuer's pod, even if its tokens name the UID of that pod", () => {
    const podMark = "0123456789abcdef";
    const ours = { ...podNamed("uid-of-ours"), podMark };
    const foreign = (uid: string) => ({
      caller: {
        ...podNamed(uid),
        credential: { kind: "jwks-token", issuer: "https://dev.test", tokenIdHash: undefined } as const,
      },
    });
    const counter = new Counter();
    for (const uid of ["uid-of-ours", podMark]) counter.allowed(1_000, () => foreign(uid));
    assert.equal(
      counter.allowed(60, () => ({ caller: ours })),
      60,
    );
  });

  it("counts a renewal by certificate without a pod by name and address, whichever certificate it is", () => {
    const counter = new Counter();
    const chain = (index: number) => ({
      caller: { ...byCertificate, credential: { ...byCertificate.credential, serial: String(index) } },
    });
    assert.equal(counter.allowed(2_000, chain), 600);
    const replicas = (index: number) => ({
      caller: byCertificate,
      peer: { addressGroup: `10.1.${index >> 8}.${index & 255}` },
    });
    assert.equal(counter.allowed(2_000, replicas), 2_000);
  });

  it("never refuses a node proxy that starts four times in a minute with 250 pods, each time for all of them", () => {
    const counter = new Counter();
    const start = () => counter.allowed(250, (index) => ({ caller: proxy, subject: nameOf(index) }));
    assert.deepEqual([start(), start(), start(), start()], [250, 250, 250, 250]);
  });

  it("never refuses a node proxy that renews 250 certificates with a lifetime of two minutes", async () => {
    const counter = new Counter();
    for (let minute = 0; minute < 10; minute++) {
      assert.equal(
        counter.allowed(250, (index) => ({ caller: proxy, subject: nameOf(index) })),
        250,
      );
      await counter.clock.advance(60_000);
    }
  });

  it("limits a node proxy for one name like a pod, and for all names together", () => {
    assert.equal(
      new Counter().allowed(500, () => ({ caller: proxy, subject: nameOf(1) })),
      60,
    );
    const all = (index: number) => ({ caller: proxy, subject: nameOf(index % 250) });
    assert.equal(new Counter().allowed(15_000, all), 1_000);
  });

  it("lets a rate of the policy's rule win, be it smaller or larger", () => {
    for (const perMinute of [6, 6_000]) {
      const policy = { ...policyOf({ rate: { perMinute, burst: perMinute } }), defaultRate: 60 };
      assert.equal(
        new Counter(policy).allowed(10_000, () => ({ caller: podNamed("a") })),
        perMinute,
      );
    }
  });

  it("does not limit callers if the default rate is 0", () => {
    const counter = new Counter({ ...openPolicy, defaultRate: 0 });
    assert.equal(
      counter.allowed(5_000, () => ({ caller: podNamed("a") })),
      5_000,
    );
  });
});
