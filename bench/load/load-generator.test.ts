import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { parseCertificateRequest } from "@kasbah/pki";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../../test/harness/ca-process.ts";
import { recordedIn } from "../../test/harness/recorded-entries.ts";
import { requestMaker } from "../materials/requests.ts";
import { distinctNames, workloadAt } from "../materials/workload.ts";
import { LoadGenerator } from "./load-generator.ts";
import type { Order } from "./order.ts";

const calls = 6;
/** A client certificate authenticates its own name, which returns after this many lines. */
const lines = distinctNames + calls;

describe("The load generator", () => {
  let ca: RunningCa;
  let files: TemporaryDirectory;
  let load: LoadGenerator;
  let supply: Order["supply"];
  let keyHashes: readonly string[];

  before(async () => {
    [ca, files] = await Promise.all([startCa(), temporaryDirectory()]);
    const make = requestMaker("P-256");
    const indexes = Array.from({ length: lines }, (_, index) => index);
    const now = new Date();
    const tokens = await Promise.all(indexes.map((index) => ca.tokens.mint({ ...workloadAt(index), now })));
    const requests = await Promise.all(indexes.map(make));
    const [tokensPath, requestsPath] = [files.join("tokens"), files.join("requests")];
    writeFileSync(tokensPath, `${tokens.join("\n")}\n`);
    writeFileSync(requestsPath, `${requests.map((request) => JSON.stringify(request)).join("\n")}\n`);
    keyHashes = requests.map(({ csr }) => hash("sha256", parseCertificateRequest(csr).publicKey.spki));
    supply = { tokensPath, requestsPath, firstToken: 0, firstRequest: 0 };
    load = await LoadGenerator.start({
      dialect: "istio",
      host: "127.0.0.1",
      port: ca.port,
      rootsPem: ca.rootPem,
    });
  });

  after(async () => {
    await load.stop();
    await ca.stop();
    await files.remove();
  });

  const run = async (order: Partial<Order>) => {
    const usual = { callers: 2, newConnections: false, credential: "token", calls, supply } as const;
    await load.prepare({ ...usual, ...order });
    return load.run({ ...usual, ...order });
  };

  const issuedFrom = async (first: number) => {
    const entries = (await recordedIn(ca.stateDir)).filter((entry) => entry.kind === "issued");
    return entries.slice(first);
  };

  it("counts a call as served only if the CA issued a certificate for its key", async () => {
    const { length } = await issuedFrom(0);
    const outcome = await run({});
    assert.deepEqual([outcome.served, outcome.failures], [calls, {}]);
    assert.ok(outcome.p50Ms > 0 && outcome.p50Ms <= outcome.p999Ms, `${outcome.p50Ms} ≤ ${outcome.p999Ms}`);
    const recorded = (await issuedFrom(length)).map(({ spkiHash }) => spkiHash);
    assert.deepEqual(recorded.toSorted(), keyHashes.slice(0, calls).toSorted());
  });

  it("opens a connection from an address of its own for each call if asked to", async () => {
    const { length } = await issuedFrom(0);
    const { served } = await run({ newConnections: true });
    const hosts = (await issuedFrom(length)).map(({ peerAddress }) => peerAddress?.split(":")[0]);
    assert.deepEqual([served, new Set(hosts).size], [calls, calls]);
  });

  it("obtains the certificates that its callers authenticate with before the run", async () => {
    const { length } = await issuedFrom(0);
    const few = { calls: 2, credential: "certificate", newConnections: true } as const;
    const { served, failures } = await run(few);
    const kinds = (await issuedFrom(length)).map(({ caller }) => caller.kind);
    assert.deepEqual([served, failures], [2, {}]);
    assert.deepEqual(kinds, [...Array(2).fill("jwks-token"), ...Array(2).fill("client-certificate")]);
  });

  it("counts hostile calls apart, none of which obtains a certificate", async () => {
    const outcome = await run({ hostileEvery: 1 });
    assert.deepEqual([outcome.served, outcome.hostileServed, outcome.failures], [0, 0, {}]);
  });

  it("starts the calls of a paced run when they are due", async () => {
    const { seconds, served } = await run({ perSecond: 20 });
    assert.equal(served, calls);
    assert.ok(seconds >= (calls - 1) / 20, `${calls} calls in ${seconds} s`);
  });

  it("reports the code of a refusal as the reason", async () => {
    const tokensPath = files.join("unsigned");
    writeFileSync(tokensPath, readFileSync(supply.tokensPath, "utf8").replaceAll(/\.[^.\n]+$/gm, ".AAAA"));
    const { served, failures } = await run({ calls: 2, supply: { ...supply, tokensPath } });
    const [[reason, count] = ["", 0]] = Object.entries(failures);
    assert.deepEqual([served, count], [0, 2]);
    assert.match(reason, /^gRPC 16 TOKEN_/);
  });

  it("rejects a run for which there are too few tokens instead of presenting one twice", async () => {
    await assert.rejects(run({ calls: lines + 1 }), /has \d+ lines/);
  });
});
