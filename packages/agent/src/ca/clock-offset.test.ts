import assert from "node:assert/strict";
import { createKeyPair, leafValidity, type PublicKey } from "@kasbah/pki";
import { createTestAuthority, type TestAuthority } from "@kasbah/testkit";
import { clockOffsetMs, tokenTime } from "./clock-offset.ts";

const names = [{ kind: "dns" as const, value: "a.example" }];
const requestedTtlMs = 3_600_000;
const askedAt = new Date("2030-01-01T00:00:00.250Z");
const receivedAt = new Date("2030-01-01T00:00:00.750Z");

describe("clockOffsetMs", () => {
  let authority: TestAuthority;
  let publicKey: PublicKey;

  before(async () => {
    authority = await createTestAuthority();
    ({ publicKey } = await createKeyPair("P-256"));
  });

  const measure = async (notBefore: Date, notAfter: Date) => {
    const leaf = await authority.issue({ publicKey, notBefore, notAfter, names });
    return clockOffsetMs({ leaf, requestedTtlMs, askedAt, receivedAt });
  };

  it("returns undefined if the leaf's lifetime is not the requested one", async () => {
    const begin = new Date("2030-01-01T00:00:00Z");
    for (const livedMs of [requestedTtlMs, requestedTtlMs + 60_000, 600_000]) {
      assert.equal(await measure(begin, new Date(begin.getTime() + livedMs)), undefined);
    }
  });

  it("measures the clock offset to within a second, in either direction and for any fraction of a second", async () => {
    for (const offsetMs of [-31_536_000_000, -3_600_000, -31_000, 0, 31_000, 3_600_000]) {
      for (const fractionMs of [0, 499, 500, 999]) {
        const now = new Date("2030-01-01T00:00:00.000Z");
        now.setTime(now.getTime() + offsetMs + fractionMs);
        const issuerNotAfter = new Date("2045-01-01T00:00:00Z");
        const { notBefore, notAfter } = leafValidity({ now, ttlMs: requestedTtlMs, issuerNotAfter });
        const measured = (await measure(notBefore, notAfter)) ?? Number.NaN;
        assert.ok(Math.abs(measured - offsetMs) <= 1_000, `${measured} for ${offsetMs}`);
      }
    }
  });
});

describe("clockOffsetMs with a lifetime of two minutes", () => {
  it("measures the offset of a kasbah CA and of one that backdates by two minutes, such as Istio's", async () => {
    const authority = await createTestAuthority();
    const { publicKey } = await createKeyPair("P-256");
    for (const backdate of [12_000, 120_000]) {
      const notBefore = new Date(Date.parse("2030-01-01T00:01:00Z") - backdate);
      const notAfter = new Date("2030-01-01T00:03:00Z");
      const leaf = await authority.issue({ publicKey, notBefore, notAfter, names });
      const measured = clockOffsetMs({ leaf, requestedTtlMs: 120_000, askedAt, receivedAt });
      assert.ok(Math.abs((measured ?? Number.NaN) - 60_000) <= 1_000, `${measured}`);
    }
  });
});

describe("tokenTime", () => {
  const now = new Date("2030-01-02T00:00:00Z");
  const dayMs = 86_400_000;

  it("uses the local clock if the CA's clock was ahead, since either may have been corrected", () => {
    assert.deepEqual(tokenTime(now, dayMs), now);
    assert.deepEqual(tokenTime(now, undefined), now);
  });

  it("uses the CA's clock if the local clock is ahead of it", () => {
    assert.deepEqual(tokenTime(now, -dayMs), new Date("2030-01-01T00:00:00Z"));
  });
});
