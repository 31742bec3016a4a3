import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdminClient } from "@kasbah/cli/mesh";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { requestDemoCertificate } from "../harness/fixed-roots.ts";
import { createRoot, createSet, installSet } from "../harness/openssl-ca.ts";

const ttlFlags = ["--default-ttl", "4s", "--max-ttl", "4s"];
const giveUpMs = 120_000;

/** A stock client whose root file is never updated, and which requests certificates one after the other. */
class StockClient {
  answered = 0;
  readonly failures: string[] = [];
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;

  constructor(ca: RunningCa) {
    this.#loop = this.#run(ca);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(ca: RunningCa): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await requestDemoCertificate(ca, "stock", 4).then(
        () => (this.answered += 1),
        (error: unknown) => this.failures.push(String(error)),
      );
      await systemClock.sleep(100);
    }
  }
}

describe("Stock clients whose root file is never updated", function () {
  this.timeout(2 * giveUpMs);
  let ca: RunningCa;
  let admin: AdminClient;
  let client: StockClient;

  const start = async (...flags: string[]) => {
    // The client never pauses for as long as the default rate requires.
    ca = await startCa({ flags: [...ttlFlags, "--default-rate", "0", ...flags] });
    admin = new AdminClient(join(ca.stateDir, "admin.sock"), "the tests");
    client = new StockClient(ca);
    await untilSeen("certificate", giveUpMs, () => client.answered > 0 || undefined);
  };
  afterEach(async () => {
    await client?.stop();
    await ca?.stop();
  });

  const until = (isReached: (stage: string | undefined) => boolean) =>
    untilSeen("stage", giveUpMs, async () => {
      const status = await admin.status();
      return isReached(status.rotation?.stage) ? status : undefined;
    });

  it("lose no request in two rotations of the root that end, and in the time after them", async () => {
    await start();
    for (const _ of [1, 2]) {
      await admin.rotate("root");
      await until((stage) => stage === undefined);
    }
    const before = client.answered;
    await untilSeen(
      "requests after the rotations",
      giveUpMs,
      () => client.answered > before + 50 || undefined,
    );
    assert.deepEqual(client.failures, []);
  });

  it("are named and hold a rotation to a plugged-in root until an operator lets it continue", async () => {
    const directory = await mkdtemp(join(tmpdir(), "kasbah-fixed-roots-"));
    try {
      const sets = (name: string) => join(directory, name);
      const [first, second] = [await createRoot(sets("a"), "first"), await createRoot(sets("b"), "second")];
      await createSet(sets("one"), first, "one", [first]);
      await createSet(sets("two"), second, "two", [first, second]);
      const rootCaDir = sets("cacerts");
      await installSet(sets("one"), rootCaDir);
      await start("--root-ca-dir", rootCaDir);
      await installSet(sets("two"), rootCaDir);
      const { rotation } = await until((stage) => stage === "active");
      const before = client.answered;
      // Far longer than the stage would last for its certificates alone.
      await untilSeen("requests in the stage", giveUpMs, () => client.answered > before + 100 || undefined);
      const held = await admin.status();
      assert.deepEqual([held.rotation?.stage, held.rotation?.since], ["active", rotation?.since]);
      const [named, ...others] = held.rootClients ?? [];
      assert.deepEqual(
        [named?.spiffeId, named?.address, named?.kind, others],
        ["spiffe://cluster.local/ns/demo/sa/stock", "127.0.0.1", "unknown", []],
      );
      const { warnings = [] } = await ca.process.readiness();
      assert.match(warnings.join(), /1 client has not shown root-2, which root-1 cannot certify/);
      assert.deepEqual(client.failures, []);
      await admin.continueRotation();
      await until((stage) => stage !== "active");
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
