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

    it("is rejected in a resumed session once its root is no longer trusted, whether or not TLS has the new bundle", async () => {
      const session = await sessionOf(gate, ofRetiring(), version);
      const before = await resume(gate, session, version);
      assert.deepEqual(before, { isResumed: true, status: 0, message: before.message });
      gate.setBundle(withoutRetiring(), "keeps the bundle of TLS");
      const between = await resume(gate, session, version);
      assert.equal(between.isResumed, true);
      assertRejected(between);
      gate.setBundle(withoutRetiring());
      const later = await resume(gate, session, version);
      assert.equal(later.status, unauthenticated);
      assertRejected(await resume(gate, session, version, ofRetiring()));
    });

    it("authenticates the caller in a resumed session, or in a new one if the old session was dropped", async () => {
      const session = await sessionOf(gate, good(), version);
      assert.equal((await resume(gate, session, version)).isResumed, true);
      assert.equal((await resume(gate, session, version)).status, 0);
      gate.setBundle(allRoots());
      assert.equal((await resume(gate, session, version, good())).status, 0);
    });

    it("is rejected in a resumed session once it has expired", async () => {
      const { now } = worldOf(gate);
      const notAfter = new Date(now.getTime() + 60_000);
      const brief = leafWith(worldOf(gate), { notAfter });
      using line = await dial(gate, brief, tls);
      const session = await sessionOf(gate, brief, version);
      assert.equal((await line.ask()).status, 0);
      gate.clock.jump(120_000);
      assertRejected(await line.ask());
      assertRejected(await resume(gate, session, version));
      gate.clock.jump(-120_000);
    });

    it("authenticates no caller that connects without it and resumes no session", async () => {
      const { status, message } = await ask(gate, undefined, { tls });
      assert.equal(status, unauthenticated);
      assert.match(message, /^TOKEN_MISSING/);
    });
  });
}
