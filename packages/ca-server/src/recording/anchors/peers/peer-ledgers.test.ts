import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { parseEntry } from "@kasbah/ledger";
import {
  FakeClock,
  manualSweep,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import type { LedgerHead } from "../../../authorities/rotation/authority-state.ts";
import { PeerMemoryFile } from "./memory.ts";
import { PeerLedgers } from "./peer-ledgers.ts";

const origin = "cluster.local/kasbah-ledger/01";
const at = (minute: number) => `2030-01-01T00:${String(minute).padStart(2, "0")}:00.000Z`;
const head = (changes: Partial<LedgerHead> = {}): LedgerHead => ({
  ...{ holder: "a1b2c3", place: "kasbah-1", origin, size: 10, root: "AA==", time: at(1), ...changes },
});
const other = head({ holder: "d4", place: "kasbah-2", origin: "cluster.local/kasbah-ledger/09" });

describe("PeerLedgers", () => {
  let directory: TemporaryDirectory;
  const entries: string[] = [];
  let heads: readonly LedgerHead[] = [];
  let appending: () => Promise<void>;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    entries.length = 0;
    heads = [head(), other];
    appending = async () => undefined;
  });
  afterEach(() => directory.remove());

  async function start(): Promise<{ peers: PeerLedgers; logger: ReturnType<typeof recordingLogger> }> {
    const logger = recordingLogger();
    const log = {
      async append(line: Uint8Array) {
        await appending();
        const entry = parseEntry(line);
        entries.push(entry.kind === "operator" ? entry.act : entry.kind);
      },
    };
    const peers = new PeerLedgers({
      ...{ others: () => heads, file: new PeerMemoryFile(directory.join("peers.json"), logger), log },
      ...{ sweep: manualSweep().sweep, clock: new FakeClock(at(30)), logger },
    });
    await peers.start();
    return { peers, logger };
  }

  async function after(...steps: readonly LedgerHead[]): Promise<PeerLedgers> {
    const { peers } = await start();
    for (const step of steps) {
      heads = [step, other];
      await peers.lookNow();
    }
    return peers;
  }

  for (const [what, step] of [
    ["goes back", head({ size: 9, time: at(2) })],
    ["has another root at the same size", head({ root: "BB==", time: at(2) })],
    ["becomes another ledger", head({ origin: `${origin}ff`, size: 20, time: at(2) })],
    [
      "becomes another ledger on a volume with a new name",
      head({ holder: "ff", origin: `${origin}ff`, size: 20, time: at(2) }),
    ],
    [
      "reports the loss of fewer entries than are known",
      head({ origin: `${origin}ff`, time: at(2), follows: { origin, size: 9, root: "AA==" } }),
    ],
  ] as const)
    it(`records and reports a replica whose ledger ${what}, once`, async () => {
      const peers = await after(step, step);
      assert.deepEqual(entries, ["ledger-peer-lost"]);
      assert.equal(peers.losses.length, 1);
      assert.match(
        peers.warnings().join(),
        /^LEDGER_LOST: the ledger of the replica kasbah-1 .*it had 10 entries/,
      );
    });

  it("reports a loss after a restart too, until it is accepted", async () => {
    await (await after(head({ size: 9, time: at(2) }))).stop();
    const { peers } = await start();
    assert.equal(peers.warnings().length, 1);
    await peers.accept();
    assert.deepEqual(peers.warnings(), []);
    assert.deepEqual((await start()).peers.losses, []);
    assert.equal(entries.length, 1);
  });

  it("detects a ledger that went back while this replica was stopped", async () => {
    await (await after()).stop();
    heads = [head({ size: 9, time: at(2) }), other];
    assert.equal((await start()).peers.losses.length, 1);
  });

  it("records, but does not report, a replica that reported the loss of its own ledger", async () => {
    const follows = { origin, size: 12, root: "CC==" };
    const peers = await after(head({ origin: `${origin}ff`, size: 2, time: at(2), follows }));
    assert.deepEqual([entries, peers.losses], [["ledger-peer-replaced"], []]);
  });

  it("reports nothing for a ledger that grows, for a new pod, and for an older copy of the shared state", async () => {
    const grown = head({ size: 11, root: "BB==", time: at(3) });
    const peers = await after(grown, head(), head({ holder: "new", place: "uid" }), grown);
    assert.deepEqual([entries, peers.losses], [[], []]);
  });

  it("reports a replica that goes on from an older head, as with a clock that was set back", async () => {
    const peers = await after(head({ size: 5, time: at(0) }), head({ size: 6, time: at(0) }));
    assert.equal(peers.losses.length, 1);
  });

  it("keeps earlier heads across a restart, so that a ledger rewritten and then extended still contradicts one", async () => {
    const rewritten = head({ size: 12, root: "BB==", time: at(3) });
    await (await after(head({ size: 11, time: at(2) }), rewritten)).stop();
    const { peers } = await start();
    assert.deepEqual(
      peers.earlier.map(({ size, root }) => [size, root]),
      [[10, "AA=="]],
    );
    assert.ok(peers.heads.some(({ size }) => size === 12));
  });

  it("forgets the earlier heads of a ledger that another one replaced, and no loss stays with an earlier head", async () => {
    const loss = { time: at(1), found: "an accident", evidence: "" };
    const peers = await after(head({ size: 11, time: at(2), loss }), head({ size: 12, time: at(3) }));
    assert.ok(peers.earlier.length > 0 && peers.earlier.every((one) => one.loss === undefined));
    heads = [head({ origin: `${origin}ff`, size: 20, time: at(4) }), other];
    await peers.lookNow();
    assert.deepEqual(peers.earlier, []);
  });

  it("records a loss later if the ledger of this replica cannot be written now", async () => {
    const { peers, logger } = await start();
    heads = [head({ size: 9, time: at(2) })];
    appending = () => Promise.reject(new Error("the disk is full"));
    await peers.lookNow();
    assert.equal(logger.named("cannot record the heads of other ledgers").length, 1);
    appending = async () => undefined;
    await peers.lookNow();
    assert.deepEqual([entries, peers.losses.length], [["ledger-peer-lost"], 1]);
  });

  it("starts again from the current heads if its file is damaged", async () => {
    await (await after()).stop();
    await writeFile(directory.join("peers.json"), "junk");
    const { peers, logger } = await start();
    assert.equal(logger.named("cannot read what is known about other ledgers").length, 1);
    assert.equal(peers.heads.length, 2);
  });
});
