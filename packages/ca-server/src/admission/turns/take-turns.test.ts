import assert from "node:assert/strict";
import { createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createTestAuthority, FakeClock, type TestAuthority } from "@kasbah/testkit";
import type { IssuanceCall } from "../../issuance/issue-certificate.ts";
import type { Caller } from "../../issuance/ports.ts";
import { takeTurns } from "./take-turns.ts";
import type { TurnHolder } from "./turns.ts";

const dayMs = 86_400_000;

describe("takeTurns", () => {
  let clock: FakeClock;
  let authority: TestAuthority;
  let holders: TurnHolder[];

  before(async () => {
    authority = await createTestAuthority();
  });

  beforeEach(() => {
    clock = new FakeClock();
    holders = [];
  });

  async function holderOf(call: Partial<IssuanceCall>, caller: Partial<Caller> = {}): Promise<TurnHolder> {
    const turns = {
      run: async (holder: TurnHolder) => {
        holders.push(holder);
        throw new Error("no turn");
      },
    };
    const known = {
      spiffeId: parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend"),
      credential: { kind: "kubernetes-token", tokenIdHash: undefined },
      ...caller,
    } as const;
    const issuance = {
      authenticate: async () => known,
      createCertificate: async () => assert.fail("issued without a turn"),
    };
    const asked = {
      ...{ credentials: { authorization: [], peerCertificates: [] }, peerAddress: "10.0.0.1:1" },
      ...{ addressGroup: "10.0.0.1", referenceId: "ref", readBody: () => assert.fail("read the body") },
      ...call,
    };
    await assert.rejects(takeTurns(issuance, turns, clock).createCertificate(asked), /no turn/);
    return holders.at(-1) ?? assert.fail();
  }

  /** A leaf of a day, of which this part is left. */
  async function leafWith(partLeft: number): Promise<Uint8Array> {
    const { publicKey } = await createKeyPair("P-256");
    const notAfter = new Date(clock.now().getTime() + partLeft * dayMs);
    const notBefore = new Date(notAfter.getTime() - dayMs);
    const names = [{ kind: "dns", value: "frontend" }] as const;
    return (await authority.issue({ publicKey, notBefore, notAfter, names })).der;
  }

  it("names the namespace and the pod of the caller", async () => {
    const pod = { name: "frontend-1", uid: "uid-1" };
    const { group, caller } = await holderOf({}, { pod });
    assert.deepEqual([group, caller], ["demo", "uid-1 spiffe://cluster.local/ns/demo/sa/frontend"]);
    const other = await holderOf({}, { pod: { name: "frontend-2", uid: "uid-2" } });
    assert.notEqual(other.caller, caller);
  });

  it("puts callers whose names have no namespace into one group", async () => {
    const { group } = await holderOf({}, { spiffeId: parseSpiffeId("spiffe://cluster.local/vm/one") });
    assert.equal(group, "");
  });

  it("lets only callers wait that hold a certificate with a quarter of its lifetime left", async () => {
    const isUrgent = async (...peerCertificates: Uint8Array[]) =>
      (await holderOf({ credentials: { authorization: [], peerCertificates } })).isUrgent();
    assert.equal(await isUrgent(), true);
    assert.equal(await isUrgent(await leafWith(0.9)), false);
    assert.equal(await isUrgent(await leafWith(0.3)), false);
    assert.equal(await isUrgent(await leafWith(0.2)), true);
    assert.equal(await isUrgent(await leafWith(-1)), true);
    assert.equal(await isUrgent(Buffer.from("no certificate")), true);
  });

  it("passes on whether the caller still waits", async () => {
    const { signal } = new AbortController();
    assert.equal((await holderOf({ signal })).signal, signal);
  });
});
