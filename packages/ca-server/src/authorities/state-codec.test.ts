import assert from "node:assert/strict";
import { parseTrustBundle } from "@kasbah/pki";
import { createOddCertificate, FakeClock, temporaryDirectory } from "@kasbah/testkit";
import { dayMs, openOnDisk } from "./authorities-on-disk.fixture.ts";
import type { AuthorityState } from "./rotation/authority-state.ts";
import { decodeState, encodeState } from "./state-codec.ts";

async function busyState(): Promise<AuthorityState> {
  await using directory = await temporaryDirectory();
  const clock = new FakeClock("2030-01-01T00:00:00Z");
  const { keeper, driver } = await openOnDisk({ path: directory.path, clock });
  await keeper.coverLeaf(keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
  await driver.rotate("root");
  const [root] = keeper.state.authorities;
  assert.ok(root);
  assert.equal(keeper.state.crossCertificates.length, 1);
  const request = { id: "request-1", createdAt: clock.now(), expiresAt: clock.now() };
  const requests = { made: 1, open: [request] };
  return {
    ...keeper.state,
    requests,
    extraRoots: [root.certificate],
    pluggedInDigest: "00",
    restoredAt: clock.now(),
  };
}

describe("Authority state as JSON", () => {
  it("rejects a state in which a field is missing or has the wrong type", async () => {
    const whole = JSON.parse(JSON.stringify(encodeState(await busyState())));
    const fields = Object.keys(whole).filter(
      (name) =>
        !["rotation", "pluggedInDigest", "restoredAt", "crossCertificates", "requests"].includes(name),
    );
    for (const name of fields) {
      assert.throws(() => decodeState({ ...whole, [name]: undefined }), name);
      assert.throws(() => decodeState({ ...whole, [name]: { wrong: true } }), name);
    }
    const [authority] = whole.authorities;
    for (const name of Object.keys(authority)) {
      if (name === "hasKey") continue;
      const authorities = [{ ...authority, [name]: 7 }];
      assert.throws(() => decodeState({ ...whole, authorities }), name);
    }
    for (const requests of [[], { made: 1 }, { made: -1, open: [] }, { made: 1, open: [{ id: 1 }] }])
      assert.throws(() => decodeState({ ...whole, requests }), TypeError);
    for (const crossCertificates of [{}, [{}], ["PEM"], [{ ...whole.crossCertificates[0], certificate: "" }]])
      assert.throws(() => decodeState({ ...whole, crossCertificates }));
    for (const value of [null, [], "", 1, undefined]) assert.throws(() => decodeState(value), TypeError);
    assert.throws(
      () => decodeState({ ...whole, rotation: { ...whole.rotation, stage: "retired" } }),
      TypeError,
    );
  });

  it("keeps the heads of ledgers in a field that may be absent, and rejects malformed ones", async () => {
    const state = await busyState();
    const loss = { time: "2030-01-01T00:00:00.000Z", found: "it is missing", evidence: "" };
    const head = { holder: "a1", origin: "log", size: 7, root: "AA==", time: loss.time };
    const ledgers = [head, { ...head, holder: "b2", loss }];
    assert.deepEqual(decodeState(encodeState({ ...state, ledgers })).ledgers, ledgers);
    assert.equal("ledgers" in encodeState(state), false);
    const whole = encodeState(state);
    for (const wrong of [{}, [{}], [{ ...head, size: -1 }], [{ ...head, loss: {} }]])
      assert.throws(() => decodeState({ ...whole, ledgers: wrong }), TypeError);
  });

  it("keeps roots that only a bundle may contain in a field that earlier releases ignore", async () => {
    const odd = ["P-521", "ed25519"] as const;
    const pems = odd.map((key) => createOddCertificate({ commonName: key, key }).pem);
    const state = await busyState();
    const extraRoots = [...state.extraRoots, ...parseTrustBundle(pems.join("")).roots];
    const encoded = JSON.parse(JSON.stringify(encodeState({ ...state, extraRoots })));
    assert.deepEqual([encoded.extraRoots.length, encoded.oddRoots], [1, pems]);
    const decoded = decodeState(encoded);
    assert.deepEqual(
      decoded.extraRoots.map(({ fingerprint }) => fingerprint),
      extraRoots.map(({ fingerprint }) => fingerprint),
    );
    const { oddRoots, ...earlier } = encoded;
    assert.equal(oddRoots.length, 2);
    assert.equal(decodeState(earlier).extraRoots.length, 1);
  });

  it("reads the state of a release without cross-certificates, whose state has no such field", async () => {
    const {
      crossCertificates: _,
      requests: __,
      ...whole
    } = JSON.parse(JSON.stringify(encodeState(await busyState())));
    assert.deepEqual(decodeState(whole).crossCertificates, []);
    assert.deepEqual(decodeState(whole).requests, { made: 0, open: [] });
    assert.equal("crossCertificates" in encodeState(decodeState(whole)), false);
  });

  it("decodes an encoded state to the same state, and encodes no key", async () => {
    const state = await busyState();
    const text = JSON.stringify(encodeState(state));
    assert.doesNotMatch(text, /PRIVATE KEY/);
    assert.deepEqual(encodeState(decodeState(JSON.parse(text))), JSON.parse(text));
    const decoded = decodeState(JSON.parse(text));
    assert.deepEqual(decoded.rotation, state.rotation);
    assert.deepEqual(decoded.restoredAt, state.restoredAt);
    assert.deepEqual(decoded.requests, state.requests);
    assert.deepEqual(decoded.crossCertificates[0]?.subjectId, "root-2");
    assert.ok(decoded.authorities[0]?.certificate.equals(state.authorities[0]?.certificate ?? assert.fail()));
  });
});
