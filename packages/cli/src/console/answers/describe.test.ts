import assert from "node:assert/strict";
import type { Found, IssuedEntry, RefusedEntry } from "@kasbah/ledger";
import { listIdentities } from "./identities.ts";
import { describeRefusals } from "./refusals.ts";

const time = "2030-01-01T00:00:00.000Z";
const explain = (code: string) =>
  code === "TOKEN_AUDIENCE" ? { cause: "another audience", fix: "project another token" } : undefined;

describe("Answers of the console", () => {
  it("list at most 100,000 identities, and count the others", () => {
    const caller = {
      spiffeId: "spiffe://a/ns/b/sa/c",
      kind: "jwks-token",
      pod: { name: "c-0", uid: "u" },
    } as const;
    const entry = { spiffeId: caller.spiffeId, serial: "01", notBefore: time, notAfter: time, time, caller };
    const found = { slot: "kasbah-0/1", index: 0, entry } as unknown as Found<IssuedEntry>;
    const answer = { found: Array.from({ length: 100_001 }, () => found), authorities: new Map() };
    const { identities, total, names, truncated } = listIdentities(answer, true);
    assert.deepEqual([identities.length, total, names, truncated], [100_000, 100_001, 1, true]);
    assert.deepEqual([identities[0]?.pod, identities[0]?.replica], ["c-0", "kasbah-0"]);
    assert.equal(listIdentities({ ...answer, found: [found] }, false).identities[0]?.replica, undefined);
  });

  it("explain refusals, the newest first, with the fix of the CA or else that of the code", () => {
    const entry: RefusedEntry = {
      v: 2,
      kind: "refused",
      time,
      referenceId: "0123456789ab",
      code: "TOKEN_AUDIENCE",
      peerAddress: "10.0.0.1:1234",
      problem: "the token is for another audience",
    };
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const later = { ...entry, referenceId: "ba9876543210", fix: "project a token for istio-ca", traceId };
    const list = {
      refusals: [{ entry }, { entry: later, replica: "kasbah-1" }],
      total: 5,
      dropped: [],
      codes: { TOKEN_AUDIENCE: 5 },
    };
    const { refusals, codes, total } = describeRefusals(list, explain);
    assert.deepEqual(
      refusals.map(({ reference, fix, replica }) => [reference, fix, replica]),
      [
        ["ba9876543210", "project a token for istio-ca", "kasbah-1"],
        ["0123456789ab", "project another token", undefined],
      ],
    );
    assert.deepEqual([refusals[0]?.traceId, refusals[1]?.traceId], [traceId, undefined]);
    assert.deepEqual(codes, [
      { code: "TOKEN_AUDIENCE", count: 5, explanation: "another audience", fix: "project another token" },
    ]);
    assert.equal(total, 5);
  });

  it("pass on no control characters of a caller, and no text without an end", () => {
    const controls = String.fromCharCode(27);
    const entry: RefusedEntry = {
      v: 2,
      kind: "refused",
      time,
      referenceId: "0123456789ab",
      code: "LATER_CODE",
      peerAddress: `${controls}[2J`,
      problem: "x".repeat(50_000),
    };
    const list = { refusals: [{ entry }], total: 1, dropped: [], codes: { LATER_CODE: 1 } };
    const { refusals, codes } = describeRefusals(list, explain);
    assert.ok((refusals[0]?.problem.length ?? 0) < 1100);
    assert.doesNotMatch(refusals[0]?.peer ?? controls, /\p{C}/u);
    assert.deepEqual(codes, [{ code: "LATER_CODE", count: 1, explanation: "", fix: "" }]);
  });
});
