import assert from "node:assert/strict";
import { type Impostor, leafWith, worldOf } from "./client-certificate/cases.ts";
import { ask, dial, type Line, leafOf, versions } from "./client-certificate/dial.ts";
import { type Gate, openGate } from "./client-certificate/gate.ts";
import { frontend, issuerOf, mint, type Presented } from "./client-certificate/mint.ts";
import { foreignNames } from "./client-certificate/names.ts";
import { foreignProfiles } from "./client-certificate/profiles.ts";
import { resume, sessionOf } from "./client-certificate/resumption.ts";
import type { Outcome } from "./http2/grpc-call.ts";

const impostors: Readonly<Record<string, readonly Impostor[]>> = { foreignNames, ...foreignProfiles };
const unauthenticated = 16;

function assertRejected({ status, message }: Pick<Outcome, "status" | "message">): void {
  assert.equal(status, unauthenticated, message);
  assert.match(message, /^CLIENT_CERTIFICATE_REJECTED: /);
}

for (const version of versions) {
  const tls = { minVersion: version, maxVersion: version };

  describe(`Client certificate instead of a token, over ${version}`, () => {
    let gate: Gate;
    let standing: Line;

    before(async () => {
      gate = await openGate();
      standing = await dial(gate, good(), tls);
    });

    after(async () => {
      standing[Symbol.dispose]();
      await gate.stop();
    });

    afterEach(async () => {
      gate.setBundle(allRoots());
      assert.equal(leafOf(await standing.ask()).spiffeId?.toString(), frontend);
    });

    const good = () => leafWith(worldOf(gate));
    const allRoots = () => [gate.trust.root.certificate, gate.trust.retiring.certificate];
    const withoutRetiring = () => [gate.trust.root.certificate];
    const ofRetiring = (): Presented => ({
      chain: [mint(issuerOf(gate.trust.retiring), gate.clock.now())],
      key: "P-256",
    });

    for (const [what, cases] of Object.entries(impostors)) {
      for (const { title, forge } of cases) {
        it(`is rejected when forged (${what}: ${title}), while other callers are served`, async () => {
          const before = gate.handshakeFailures.length;
          const outcome = await ask(gate, forge(worldOf(gate)), { tls });
          if (what !== "forgedSignatures" || outcome.status !== undefined) return assertRejected(outcome);
          // If the certificate and its proof arrive in two pieces, OpenSSL itself ends the handshake.
          assert.deepEqual(gate.handshakeFailures.slice(before), ["client_certificate"]);
        });
      }
    }

    it("is rejected on its own open connection as soon as its root is no longer trusted", async () => {
      using line = await dial(gate, ofRetiring(), tls);
      assert.equal((await line.ask()).status, 0);
      gate.setBundle(withoutRetiring());
      assertRejected(await line.ask());
      assertRejected(await ask(gate, ofRetiring(), { tls }));
      gate.setBundle(allRoots());
      assert.equal((await line.ask()).status, 0);
    });

    it("is asked for again from a client that offers an earlier session, which authenticates nobody", async () => {
      const session = await sessionOf(gate, good(), version);
      const without = await resume(gate, session, version);
      assert.equal(without.isResumed, false);
      assert.equal(without.status, unauthenticated);
      assert.match(without.message, /^TOKEN_MISSING/);
      const again = await resume(gate, session, version, good());
      assert.deepEqual(again, { isResumed: false, status: 0, message: again.message });
    });

    it("is rejected beside an earlier session once its root is no longer trusted, whether or not TLS has the new bundle", async () => {
      const session = await sessionOf(gate, ofRetiring(), version);
      assert.equal((await resume(gate, session, version, ofRetiring())).status, 0);
      gate.setBundle(withoutRetiring(), "keeps the bundle of TLS");
      assertRejected(await resume(gate, session, version, ofRetiring()));
      gate.setBundle(withoutRetiring());
      assertRejected(await resume(gate, session, version, ofRetiring()));
    });

    it("is rejected beside an earlier session once it has expired", async () => {
      const { now } = worldOf(gate);
      const notAfter = new Date(now.getTime() + 60_000);
      const brief = leafWith(worldOf(gate), { notAfter });
      using line = await dial(gate, brief, tls);
      const session = await sessionOf(gate, brief, version);
      assert.equal((await line.ask()).status, 0);
      gate.clock.jump(120_000);
      assertRejected(await line.ask());
      assertRejected(await resume(gate, session, version, brief));
      gate.clock.jump(-120_000);
    });

    it("authenticates no caller that connects without it", async () => {
      const { status, message } = await ask(gate, undefined, { tls });
      assert.equal(status, unauthenticated);
      assert.match(message, /^TOKEN_MISSING/);
    });
  });
}
