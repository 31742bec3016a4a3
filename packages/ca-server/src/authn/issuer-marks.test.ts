import assert from "node:assert/strict";
import { parseTrustDomain, SpiffeId } from "@kasbah/pki";
import type { Caller, TokenFacts } from "../issuance/ports.ts";
import { fakeToken } from "./fake-token.fixture.ts";
import { boundToIssuers, IssuerMarks } from "./issuer-marks.ts";

const [prod, dev] = ["https://prod.test", "https://dev.test"] as const;
const workload = { namespace: "demo", serviceAccount: "frontend" };
const spiffeId = SpiffeId.forWorkload(parseTrustDomain("cluster.local"), workload);
const token = fakeToken();

describe("IssuerMarks", () => {
  it("name an issuer as long as the CA accepts its tokens, and on every replica alike", () => {
    let known: readonly string[] = [prod, dev];
    const marks = new IssuerMarks(() => known);
    const mark = new IssuerMarks(() => []).markOf(dev);
    assert.match(mark, /^[0-9a-f]{10}$/);
    assert.equal(marks.issuerOf(mark), dev);
    known = [prod, `${dev}/`];
    assert.equal(marks.issuerOf(mark), undefined);
  });
});

describe("boundToIssuers", () => {
  const marks = new IssuerMarks(() => [prod]);

  function authenticate(credential: TokenFacts, rest: Partial<Caller> = {}): Promise<Caller> {
    const caller = { spiffeId, credential, ...rest };
    const inner = { kind: credential.kind, checks: () => true, authenticate: async () => caller };
    return boundToIssuers(inner, marks).authenticate(token);
  }

  it("marks the callers whose token a key set verified, unless their certificates name a pod", async () => {
    const byKeys = { kind: "jwks-token", issuer: dev, tokenIdHash: undefined } as const;
    assert.equal((await authenticate(byKeys)).issuerMark, marks.markOf(dev));
    assert.equal((await authenticate(byKeys, { podMark: "0123456789abcdef" })).issuerMark, undefined);
  });

  it("marks no caller whose token the API server reviewed, because it may have more issuers than the CA knows", async () => {
    const reviewed = { kind: "kubernetes-token", issuer: dev, tokenIdHash: undefined } as const;
    assert.equal((await authenticate(reviewed)).issuerMark, undefined);
  });
});
