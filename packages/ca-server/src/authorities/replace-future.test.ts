import assert from "node:assert/strict";
import { createSerial, parseTrustDomain } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { FakeClock, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "./authorities-on-disk.fixture.ts";
import { futureAuthorities, replaceFutureRoot } from "./replace-future.ts";
import { SelfSigned } from "./self-signed.ts";

describe("replaceFutureRoot", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    ca = await openOnDisk({ path: directory.path, clock });
  });
  afterEach(() => directory.remove());

  function replace(): Promise<readonly string[]> {
    const { keeper, keys, logger } = ca;
    const profile = {
      trustDomain: parseTrustDomain("cluster.local"),
      keyType: "P-256",
      rootTtlMs: 3650 * dayMs,
      intermediateTtlMs: 365 * dayMs,
      withIntermediate: true,
      nameConstraints: false,
    } as const;
    const writer = createCertificateWriter();
    const rehearse = async () => [];
    const selfSigned = new SelfSigned({ profile, keys, writer, newSerial: createSerial, rehearse, clock });
    return replaceFutureRoot({ keeper, selfSigned, clock, logger });
  }
  const signs = () => ca.keeper.activeIssuer(clock.now()).authorityId;

  it("replaces a root that was created a year ahead, with its intermediate, even if rotations are paused", async () => {
    await ca.driver.pause();
    clock.jump(-365 * dayMs);
    assert.throws(signs, { code: "ISSUER_UNAVAILABLE" });
    assert.deepEqual(futureAuthorities(ca.keeper.state, clock.now()), ["root-1", "intermediate-1"]);
    assert.deepEqual(await replace(), ["root-1", "intermediate-1"]);
    assert.equal(signs(), "intermediate-2");
    assert.equal(ca.keeper.state.rotation, undefined);
    assert.equal(ca.keeper.trustBundle().roots.length, 1);
    assert.deepEqual(futureAuthorities(ca.keeper.state, clock.now()), []);
  });

  it("changes nothing if the root is valid now, because it begins two days in the past", async () => {
    clock.jump(-2 * dayMs);
    const { epoch } = ca.keeper.state;
    assert.deepEqual(await replace(), []);
    assert.deepEqual([ca.keeper.state.epoch, signs()], [epoch, "intermediate-1"]);
  });
});
