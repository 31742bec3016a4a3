import assert from "node:assert/strict";
import { parseSpiffeId, TrustBundle } from "@kasbah/pki";
import { Secret, systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  type FakeCa,
  rejectsWithCode,
  startFakeCa,
  type TestAuthority,
} from "@kasbah/testkit";
import { CaClient } from "../ca-client.ts";
import { CaSecretSource } from "../secret-source.ts";
import { SystemRoots } from "./system-roots.ts";

const never = new AbortController().signal;
const names = [{ kind: "uri" as const, value: "spiffe://cluster.local/ns/demo/sa/frontend" }];

describe("SystemRoots", () => {
  let publicAuthority: TestAuthority;
  let ca: FakeCa;
  let isLost: boolean;
  const sourceUnder = (system: readonly string[]) =>
    new CaSecretSource({
      authority: new CaClient(ca.address),
      roots: new SystemRoots(
        () => isLost,
        () => system,
      ),
      credentials: async () => ({
        spiffeId: parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend"),
        token: new Secret("a.b.c"),
      }),
      keyType: "P-256",
      keyFormat: "traditional",
      ttlMs: 3_600_000,
      deadlineMs: () => 10_000,
      clock: systemClock,
      observer: { onDiscarded: () => {}, onClockOffset: () => {} },
    });

  beforeEach(async () => {
    isLost = false;
    publicAuthority = await createTestAuthority("Public");
    ca = await startFakeCa({ now: () => new Date(), servingAuthority: publicAuthority });
  });

  afterEach(() => ca.close());

  it("sends no token to a CA that the system's roots do not verify, or if the system has no roots", async () => {
    const stranger = await createTestAuthority("Stranger");
    await rejectsWithCode(sourceUnder([stranger.rootPem]).fetch(never), "CA_UNREACHABLE");
    await rejectsWithCode(sourceUnder([]).fetch(never), "ROOTS_UNREADABLE");
    assert.equal(ca.calls.length, 0);
  });

  it("serves the mesh's roots and none of the system's", async () => {
    const { bundle } = await sourceUnder([publicAuthority.rootPem]).fetch(never);
    assert.ok(bundle.equals(TrustBundle.from([ca.authority.certificate])));
  });

  it("trusts the roots of the first reply because of its TLS, and verifies later replies under them", async () => {
    const source = sourceUnder([publicAuthority.rootPem]);
    await source.fetch(never);
    const stranger = await createTestAuthority("Stranger");
    ca.answer = async ({ publicKey }) => [
      (await stranger.issue({ publicKey, names })).toPem(),
      stranger.rootPem,
    ];
    await rejectsWithCode(source.fetch(never), "CA_REPLY_INVALID");
    ca.answer = undefined;
    await source.fetch(never);
  });

  it("starts over with the mesh's new root if the secret expired while the root was replaced", async () => {
    const source = sourceUnder([publicAuthority.rootPem]);
    await source.fetch(never);
    const next = await createTestAuthority("Next");
    ca.answer = async ({ publicKey }) => [(await next.issue({ publicKey, names })).toPem(), next.rootPem];
    await rejectsWithCode(source.fetch(never), "CA_REPLY_INVALID");
    isLost = true;
    assert.ok((await source.fetch(never)).bundle.equals(TrustBundle.from([next.certificate])));
  });

  it("rejects even the first reply if it is inconsistent", async () => {
    const stranger = await createTestAuthority("Stranger");
    ca.answer = async ({ publicKey }) => [
      (await stranger.issue({ publicKey, names })).toPem(),
      ca.authority.rootPem,
    ];
    await rejectsWithCode(sourceUnder([publicAuthority.rootPem]).fetch(never), "CA_REPLY_INVALID");
  });
});
