import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { keyTypeNames, parseSpiffeId, TrustBundle } from "@kasbah/pki";
import { Secret, systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  type FakeCa,
  recordingLogger,
  rejectsWithCode,
  startFakeCa,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { CaClient } from "./ca-client.ts";
import { HeldRoots } from "./roots/held-roots.ts";
import { CaSecretSource, type CaSecretSourceDeps } from "./secret-source.ts";

const never = new AbortController().signal;

describe("CaSecretSource", () => {
  let directory: TemporaryDirectory;
  let ca: FakeCa;
  let client: CaClient;
  let source: CaSecretSource;
  let options: CaSecretSourceDeps;
  let discarded: string[];
  let offsets: number[];

  beforeEach(async () => {
    discarded = [];
    offsets = [];
    directory = await temporaryDirectory();
    ca = await startFakeCa({ now: () => new Date() });
    client = new CaClient(ca.address);
    await writeFile(directory.join("roots.pem"), ca.authority.rootPem);
    options = {
      authority: client,
      roots: new HeldRoots(directory.join("roots.pem"), recordingLogger()),
      credentials: async () => ({
        spiffeId: parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend"),
        token: new Secret("opaque"),
      }),
      keyType: "P-256",
      keyFormat: "traditional",
      ttlMs: 24 * 3_600_000,
      deadlineMs: () => 10_000,
      clock: systemClock,
      observer: {
        onDiscarded: (fault) => void discarded.push(fault),
        onClockOffset: (offsetMs) => void offsets.push(offsetMs),
      },
    };
    source = new CaSecretSource(options);
  });

  afterEach(async () => {
    await ca.close();
    await directory.remove();
  });

  it("rejects a reply that chains to an untrusted root, and does not learn that root", async () => {
    const stranger = await createTestAuthority("Stranger");
    const names = [{ kind: "uri" as const, value: "spiffe://cluster.local/ns/demo/sa/frontend" }];
    ca.answer = async ({ publicKey }) => [
      (await stranger.issue({ publicKey, names })).toPem(),
      stranger.rootPem,
    ];
    await rejectsWithCode(source.fetch(never), "CA_REPLY_INVALID");
    ca.answer = undefined;
    assert.ok((await source.fetch(never)).bundle.equals(TrustBundle.from([ca.authority.certificate])));
  });

  it("learns new roots from a reply whose leaf verifies under the old ones", async () => {
    const next = await createTestAuthority("Next");
    ca.answer = async (call) => [
      ...(await ca.honest(call)).slice(0, -1),
      ca.authority.rootPem + next.rootPem,
    ];
    const both = TrustBundle.from([ca.authority.certificate, next.certificate]);
    assert.ok((await source.fetch(never)).bundle.equals(both));

    const names = [{ kind: "uri" as const, value: "spiffe://cluster.local/ns/demo/sa/frontend" }];
    ca.answer = async ({ publicKey }) => [(await next.issue({ publicKey, names })).toPem(), next.rootPem];
    const moved = await source.fetch(never);
    assert.ok(moved.leaf.isIssuedBy(next.certificate));
    assert.ok(moved.bundle.equals(both), "the root file's roots stay");
  });

  it("verifies the CA's TLS under learned roots and keeps working after the CA drops the old root", async () => {
    const next = await createTestAuthority("Next");
    ca.answer = async (call) => [
      ...(await ca.honest(call)).slice(0, -1),
      ca.authority.rootPem + next.rootPem,
    ];
    await source.fetch(never);
    await ca.close();
    ca = await startFakeCa({ now: () => new Date(), authority: next, port: ca.address.port });
    const { leaf } = await source.fetch(never);
    assert.ok(leaf.isIssuedBy(next.certificate));
  });

  it("does not call a CA whose TLS uses a root that no verified reply has contained", async () => {
    const stranger = await createTestAuthority("Stranger");
    await source.fetch(never);
    await ca.close();
    ca = await startFakeCa({ now: () => new Date(), authority: stranger, port: ca.address.port });
    await rejectsWithCode(source.fetch(never), "CA_UNREACHABLE");
    assert.equal(ca.calls.length, 0, "no token was sent");
  });

  it("drops a learned root that a later verified reply no longer contains", async () => {
    const next = await createTestAuthority("Next");
    ca.answer = async (call) => [
      ...(await ca.honest(call)).slice(0, -1),
      ca.authority.rootPem + next.rootPem,
    ];
    await source.fetch(never);
    ca.answer = undefined;
    assert.ok((await source.fetch(never)).bundle.equals(TrustBundle.from([ca.authority.certificate])));
    const names = [{ kind: "uri" as const, value: "spiffe://cluster.local/ns/demo/sa/frontend" }];
    ca.answer = async ({ publicKey }) => [(await next.issue({ publicKey, names })).toPem(), next.rootPem];
    await rejectsWithCode(source.fetch(never), "CA_REPLY_INVALID");
  });

  it("discards a leaf that is not yet valid by the local clock and reports the clock difference", async () => {
    await ca.close();
    const now = () => new Date(systemClock.now().getTime() + 3_600_000);
    ca = await startFakeCa({ now, authority: ca.authority, port: ca.address.port });
    const error = await rejectsWithCode(source.fetch(never), "CA_REPLY_INVALID");
    assert.match(error.message, /not valid for another 34\d\d s.*clock is behind/);
    assert.deepEqual(discarded, ["not_yet_valid"]);
    assert.ok(Math.abs((offsets[0] ?? 0) - 3_600_000) < 60_000, String(offsets));
  });

  it("measures a small offset for a correct clock", async () => {
    await source.fetch(never);
    assert.ok(Math.abs(offsets[0] ?? Number.NaN) < 15_000, String(offsets));
    assert.deepEqual(discarded, []);
  });

  it("creates a new key for each secret", async () => {
    const first = await source.fetch(never);
    const second = await source.fetch(never);
    assert.ok(!first.keyPair.publicKey.equals(second.keyPair.publicKey));
    assert.ok(second.leaf.publicKey.equals(second.keyPair.publicKey));
  });

  for (const keyType of keyTypeNames) {
    it(`creates a ${keyType} key if configured`, async () => {
      const made = await new CaSecretSource({ ...options, keyType, keyFormat: "pkcs8" }).fetch(never);
      assert.equal(made.leaf.publicKey.type, keyType);
      assert.equal(made.keyFormat, "pkcs8");
      assert.ok(made.leaf.publicKey.equals(made.keyPair.publicKey));
    });
  }

  it("sets the secret's notAfter to that of its leaf", async () => {
    const { leaf, notAfter, spiffeId } = await source.fetch(never);
    assert.equal(notAfter.getTime(), leaf.notAfter.getTime());
    assert.equal(spiffeId.toString(), leaf.spiffeId?.toString());
  });
});
