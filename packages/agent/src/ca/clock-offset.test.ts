import assert from "node:assert/strict";
import { createKeyPair, leafValidity, type PublicKey } from "@kasbah/pki";
import { createTestAuthority, type TestAuthority } from "@kasbah/testkit";
import { clockOffsetMs, tokenTime } from "./clock-offset.ts";

const names = [{ kind: "dns" as const, value: "a.example" }];
const requestedTtlMs = 3_600_000;
const askedAt = new Date("2030-01-01T00:00:00.250Z");
const receivedAt = new Date("2030-01-01T00:00:00.750Z");

describe("The clock's offset against the CA", () => {
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

  it("is unknown where the leaf's life is not the one that was asked for", async () => {
    const begin = new Date("2030-01-01T00:00:00Z");
    for (const livedMs of [requestedTtlMs, requestedTtlMs + 60_000, 600_000]) {
      assert.equal(await measure(begin, new Date(begin.getTime() + livedMs)), undefined);
    }
  });

  it("is right to a second, whichever clock is ahead and whatever the fraction at which the CA signed", async () => {
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

describe("The time by which a token counts as expired", () => {
  const now = new Date("2030-01-02T00:00:00Z");
  const dayMs = 86_400_000;

  it("is our own where the CA's clock was ahead, since it or ours may have been set right meanwhile", () => {
    assert.deepEqual(tokenTime(now, dayMs), now);
    assert.deepEqual(tokenTime(now, undefined), now);
  });

  it("is the CA's where ours is ahead of it", () => {
    assert.deepEqual(tokenTime(now, -dayMs), new Date("2030-01-01T00:00:00Z"));
  });
});
