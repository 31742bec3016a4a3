import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { CheckpointCopy } from "@kasbah/ledger";
import { createNoteKey, signCheckpoint } from "@kasbah/ledger/tree";
import { manualSweep, recordingLogger } from "@kasbah/testkit";
import { configMapTarget } from "./checkpoint-map.ts";

const key = (name: string) => createNoteKey(name, generateKeyPairSync("ed25519").privateKey);
const [own, foreign] = [key("cluster.local/kasbah-ledger/01"), key("cluster.local/kasbah-ledger/02")];
const noteOf = (size: number, of = own) =>
  signCheckpoint({ origin: of.verifier.name, size, root: Buffer.alloc(32, size) }, of);

interface StoredMap {
  readonly metadata: { readonly name: string; resourceVersion?: string };
  readonly data: Readonly<Record<string, string>>;
}

/** An API server with one ConfigMap, which rejects a write that is based on an older version. */
class FakeApi {
  stored: StoredMap | undefined;
  writes = 0;
  beforeWrite: () => void = () => undefined;

  get = async () =>
    this.stored === undefined ? reply(404, {}) : reply(200, { kind: "ConfigMap", ...this.stored });
  post = async (_: string, body: unknown) => this.#write(body as StoredMap, 201);
  put = async (_: string, body: unknown) => this.#write(body as StoredMap, 200);

  #write(next: StoredMap, status: number) {
    this.beforeWrite();
    if (this.stored?.metadata.resourceVersion !== next.metadata.resourceVersion)
      return reply(409, { kind: "Status", reason: "Conflict" });
    this.writes += 1;
    this.stored = { ...next, metadata: { ...next.metadata, resourceVersion: `${this.writes}` } };
    return reply(status, this.stored);
  }
}

const reply = (status: number, body: object) => ({
  status,
  body: JSON.stringify(body),
  retryAfterMs: undefined,
});

describe("configMapTarget", () => {
  let api: FakeApi;
  beforeEach(() => {
    api = new FakeApi();
  });

  const targetOf = (replica: string) =>
    configMapTarget({ client: api, namespace: "kasbah-system", name: "checkpoints", key: replica });
  function copyOf(replica: string, tree: { note: string | undefined }) {
    const logger = recordingLogger();
    const settled = async () => undefined;
    const sweep = manualSweep().sweep;
    const copy = new CheckpointCopy({
      target: targetOf(replica),
      tree: {
        settled,
        get note() {
          return tree.note;
        },
      },
      sweep,
      logger,
    });
    return { copy, logger };
  }

  it("creates the ConfigMap, and keeps one checkpoint per replica", async () => {
    const trees = [{ note: noteOf(1) }, { note: noteOf(7, foreign) }];
    const copies = trees.map((tree, at) => copyOf(`kasbah-${at}`, tree).copy);
    for (const copy of copies) await copy.copyNow();
    trees[0] = Object.assign(trees[0] ?? {}, { note: noteOf(2) });
    for (const copy of copies) await copy.copyNow();
    assert.deepEqual(api.stored?.data, { "kasbah-0": noteOf(2), "kasbah-1": noteOf(7, foreign) });
    assert.equal(api.writes, 3, "an unchanged checkpoint is not written again");
    assert.equal(await targetOf("kasbah-1").read(), noteOf(7, foreign));
    assert.equal(await targetOf("kasbah-2").read(), undefined);
  });

  it("keeps the checkpoint of another or a longer ledger under another key, and reports it", async () => {
    for (const [found, kept] of [
      [noteOf(9), "kasbah-0.01.9"],
      [noteOf(1, foreign), "kasbah-0.02.1"],
      ["junk", "kasbah-0.unreadable"],
    ] as const) {
      api = new FakeApi();
      api.stored = { metadata: { name: "checkpoints" }, data: { "kasbah-0": found } };
      const { copy, logger } = copyOf("kasbah-0", { note: noteOf(3) });
      await copy.copyNow();
      assert.deepEqual(api.stored?.data, { "kasbah-0": noteOf(3), [kept]: found });
      assert.equal(
        logger.named("the copied checkpoint belongs to another ledger, or to a longer one; it is kept")
          .length,
        1,
      );
    }
  });

  it("loses no copy to a write of another replica at the same time", async () => {
    await copyOf("kasbah-0", { note: noteOf(1) }).copy.copyNow();
    const { copy, logger } = copyOf("kasbah-1", { note: noteOf(7, foreign) });
    api.beforeWrite = () => {
      api.beforeWrite = () => undefined;
      api.stored = {
        metadata: { name: "checkpoints", resourceVersion: "x" },
        data: { "kasbah-0": noteOf(2) },
      };
    };
    await copy.copyNow();
    assert.equal(logger.named("cannot copy the checkpoint of the ledger").length, 1);
    await copy.copyNow();
    assert.deepEqual(api.stored?.data, { "kasbah-0": noteOf(2), "kasbah-1": noteOf(7, foreign) });
  });
});
