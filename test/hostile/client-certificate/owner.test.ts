import assert from "node:assert/strict";
import { createWorkloadSerial, tokenProofTime } from "@kasbah/pki";
import { leafWith, worldOf } from "./cases.ts";
import { ask, leafOf } from "./dial.ts";
import { dayMs, type Gate, hourMs, maxRenewalAgeMs, openGate } from "./gate.ts";
import { bank, frontend, issuerOf, leafIssuerNamed, mint, type Presented } from "./mint.ts";

const stepMs = 300_000;

describe("Workload with a certificate of this CA", () => {
  let gate: Gate;

  beforeEach(async () => {
    gate = await openGate();
  });

  afterEach(() => gate.stop());

  const tokenOf = async (o: { serviceAccount?: string; now?: Date } = {}) => {
    const request = { namespace: "demo", serviceAccount: "frontend", now: gate.clock.now(), ...o };
    return { authorization: `Bearer ${await gate.tokens.mint(request)}` };
  };
  const shown = ({ der }: { readonly der: Uint8Array }): Presented => ({ chain: [der], key: "P-256" });
  const firstLeaf = async () => leafOf(await ask(gate, undefined, { headers: await tokenOf() }));
  const lastCaller = () => {
    const last = gate.ledger.entries.at(-1);
    return last?.kind === "issued" || last?.kind === "refused" ? last.caller : undefined;
  };
  const expired = () => leafWith(worldOf(gate), { notAfter: new Date(gate.clock.now().getTime() - 1_000) });

  async function judged(verdict: string): Promise<number> {
    const labels = `credential="client-certificate",verdict="${verdict}"`;
    const lines = (await gate.registry.metrics()).split("\n");
    const line = lines.find((each) => each.startsWith(`kasbah_credentials{${labels}} `));
    return Number(line?.split(" ").at(-1) ?? 0);
  }

  it("renews its own identity with its certificate, and the new one keeps the time of the last token proof", async () => {
    const first = await firstLeaf();
    const provenAt = tokenProofTime(first.serial);
    assert.ok(gate.clock.now().getTime() - provenAt.getTime() < stepMs);
    gate.clock.jump(hourMs);
    const second = leafOf(await ask(gate, shown(first)));
    assert.equal(second.spiffeId?.toString(), frontend);
    assert.deepEqual(tokenProofTime(second.serial), provenAt);
    assert.notEqual(second.serial, first.serial);
    assert.equal(lastCaller()?.kind, "client-certificate");
    assert.equal(await judged("accepted"), 1);
  });

  it("may present its certificate with or without the intermediate, and with the DNS names from the policy", async () => {
    const first = await firstLeaf();
    assert.deepEqual(first.dnsNames, ["frontend.demo.svc"]);
    const { intermediate, root } = gate.trust;
    const above = [intermediate.certificate.der, root.certificate.der];
    for (const chain of [[first.der], [first.der, ...above.slice(0, 1)], [first.der, ...above]]) {
      const again = leafOf(await ask(gate, { chain, key: "P-256" }));
      assert.deepEqual(again.dnsNames, first.dnsNames);
    }
  });

  it("renews repeatedly with its certificate until the last token proof is too old", async () => {
    let leaf = await firstLeaf();
    const startedAt = gate.clock.now().getTime();
    const ageMs = () => gate.clock.now().getTime() - startedAt;
    let lastRenewalMs = 0;
    let refusals = 0;
    for (let step = 0; step < 60; step += 1) {
      gate.clock.jump(12 * hourMs);
      const outcome = await ask(gate, shown(leaf));
      if (outcome.status === 0) lastRenewalMs = ageMs();
      if (outcome.status === 0) leaf = leafOf(outcome);
      else refusals += 1;
    }
    assert.equal(ageMs(), 30 * dayMs);
    assert.ok(
      lastRenewalMs > maxRenewalAgeMs - dayMs && lastRenewalMs <= maxRenewalAgeMs,
      `${lastRenewalMs}`,
    );
    assert.equal(refusals, 60 - lastRenewalMs / (12 * hourMs));
    const healed = leafOf(await ask(gate, shown(leaf), { headers: await tokenOf() }));
    assert.deepEqual(lastCaller()?.disregarded, ["CLIENT_CERTIFICATE_REJECTED"]);
    gate.clock.jump(12 * hourMs);
    assert.equal((await ask(gate, shown(healed))).status, 0);
  });

  it("learns from the refusal that it needs a token, and when a token last proved its identity", async () => {
    const world = worldOf(gate);
    const provenAt = new Date(Math.floor((world.now.getTime() - 8 * dayMs) / stepMs) * stepMs);
    const { message } = await ask(gate, leafWith(world, { serial: createWorkloadSerial(provenAt) }));
    assert.match(
      message,
      /no token has proven this identity recently enough, expected a token within the last /,
    );
    assert.ok(message.includes(`seen the last token at ${provenAt.toISOString()}`), message);
  });

  it("is authenticated by a valid token, and the ledger records that its certificate was disregarded", async () => {
    const forged = {
      chain: [mint(leafIssuerNamed(Buffer.of(0x30, 0), "P-256"), gate.clock.now())],
      key: "P-256",
    };
    for (const presented of [expired(), forged as Presented]) {
      const outcome = await ask(gate, presented, { headers: await tokenOf() });
      assert.equal(leafOf(outcome).spiffeId?.toString(), frontend);
      assert.equal(lastCaller()?.kind, "jwks-token");
      assert.deepEqual(lastCaller()?.disregarded, ["CLIENT_CERTIFICATE_REJECTED"]);
    }
    assert.equal(await judged("CLIENT_CERTIFICATE_REJECTED"), 2);
  });

  it("is refused when its token and its certificate name different identities", async () => {
    const other = await tokenOf({ serviceAccount: "backend" });
    const { status, message } = await ask(gate, leafWith(worldOf(gate)), { headers: other });
    assert.equal(status, 16);
    assert.match(message, /^CREDENTIALS_CONFLICT: /);
  });

  it("renews with its certificate despite an expired token, and the time of the token proof stays the same", async () => {
    const first = await firstLeaf();
    const stale = await tokenOf();
    gate.clock.jump(3 * hourMs);
    const second = leafOf(await ask(gate, shown(first), { headers: stale }));
    assert.deepEqual(tokenProofTime(second.serial), tokenProofTime(first.serial));
    assert.deepEqual(lastCaller()?.disregarded, ["TOKEN_EXPIRED"]);
    const { message } = await ask(gate, expired(), { headers: stale });
    assert.match(message, /^TOKEN_EXPIRED: /, "expected the token's refusal if both credentials are invalid");
  });

  it("cannot assume another identity with proxy headers, even from the same machine", async () => {
    const headers = {
      "x-forwarded-client-cert": `By=${frontend};Hash=00;Subject="";URI=${bank}`,
      "x-remote-user": "system:serviceaccount:prod:bank",
      "x-remote-group": "system:masters",
      "x-remote-extra-scopes": "all",
      "ssl-client-verify": "SUCCESS",
      "x-forwarded-for": "127.0.0.1",
    };
    assert.match((await ask(gate, undefined, { headers })).message, /^TOKEN_MISSING: /);
    assert.match((await ask(gate, expired(), { headers })).message, /^CLIENT_CERTIFICATE_REJECTED: /);
    const own = leafOf(await ask(gate, leafWith(worldOf(gate)), { headers }));
    assert.equal(own.spiffeId?.toString(), frontend);
  });

  it("keeps its identity under a retiring root, and is refused once that root is removed", async () => {
    const { root, retiring } = gate.trust;
    const old: Presented = { chain: [mint(issuerOf(retiring), gate.clock.now())], key: "P-256" };
    const renewed = leafOf(await ask(gate, old));
    gate.setBundle([root.certificate]);
    assert.match((await ask(gate, old)).message, /^CLIENT_CERTIFICATE_REJECTED: /);
    assert.equal((await ask(gate, shown(renewed))).status, 0);
  });
});
