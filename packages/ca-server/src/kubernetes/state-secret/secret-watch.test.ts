import assert from "node:assert/strict";
import { FakeClock, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { StateError } from "../../errors.ts";
import type { SecretObject } from "./secret-object.ts";
import { SecretWatch } from "./secret-watch.ts";

const secret: SecretObject = {
  metadata: { namespace: "kasbah-system", name: "kasbah-ca", resourceVersion: "7" },
  type: "kasbah.dev/ca",
  data: { "control.json": "e30=" },
};
const event = (type: string, object: unknown) => JSON.stringify({ type, object });

/** Sends nothing more until it is aborted. */
async function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

describe("SecretWatch", () => {
  let clock: FakeClock;
  let logger: RecordingLogger;
  let done: string[];
  let paths: string[];
  /** The events that the next watch sends before it falls silent. */
  let said: readonly string[];
  let watch: SecretWatch;
  let moved: string[];

  beforeEach(async () => {
    [clock, logger, done, paths, said] = [new FakeClock(), recordingLogger(), [], [], []];
    moved = [];
    watch = new SecretWatch({
      ...{ namespace: "kasbah-system", name: "kasbah-ca", clock, logger, roll: () => 0.5 },
      onMoved: ({ message }) => moved.push(message),
      secret: {
        observe: async ({ metadata }) => {
          if (metadata.resourceVersion === "666") throw new StateError("STATE_CONFLICT", "moved");
          done.push(`observe ${metadata.resourceVersion}`);
        },
        restore: async () => void done.push("restore"),
      },
      client: {
        async *watch(path, signal) {
          paths.push(path);
          const lines = said;
          said = [];
          yield* lines;
          await silence(signal);
        },
      },
    });
  });

  afterEach(() => watch.stop());

  it("starts a new watch and reads the Secret after ninety seconds of silence", async () => {
    await watch.start();
    await clock.advance(89_000);
    assert.equal(paths.length, 1);
    await clock.advance(12_000);
    assert.equal(paths.length, 2);
    assert.deepEqual(done, ["restore", "restore"]);
    assert.deepEqual(logger.events, []);
  });

  it("requests bookmarks, by which a server shows that it is alive", async () => {
    await watch.start();
    const query = new URLSearchParams(paths[0]?.split("?")[1]);
    assert.equal(query.get("allowWatchBookmarks"), "true");
    assert.equal(query.get("fieldSelector"), "metadata.name=kasbah-ca");
  });

  it("applies the writes of other replicas, ignores bookmarks, and recreates a deleted Secret", async () => {
    said = [event("ADDED", secret), event("BOOKMARK", { metadata: {} }), "", event("DELETED", secret)];
    await watch.start();
    await clock.advance(1);
    assert.deepEqual(done, ["restore", "observe 7", "restore"]);
  });

  it("reports that another process has moved the CA out of the Secret", async () => {
    said = [event("MODIFIED", { ...secret, metadata: { ...secret.metadata, resourceVersion: "666" } })];
    await watch.start();
    await clock.advance(1);
    assert.deepEqual(moved, ["moved"]);
  });

  const key = "c2VjcmV0IGtleQ";
  const broken = {
    "a line that is not JSON": `{"type":"MODIFIED","object":{"data":{"root.key.pem":"${key}`,
    "an object that is not a Secret": event("MODIFIED", { ...secret, data: [key] }),
    "an error event that ends the watch": event("ERROR", { code: 410, message: key }),
  };
  for (const [what, line] of Object.entries(broken)) {
    it(`continues after ${what}, and logs nothing of its content`, async () => {
      said = [line];
      await watch.start();
      await clock.advance(1);
      assert.equal(logger.events.length, 1);
      assert.doesNotMatch(
        JSON.stringify(logger.events.map(({ facts }) => String(facts["error"]))),
        new RegExp(key),
      );
      await clock.advance(10_000);
      assert.equal(paths.length, 2);
    });
  }
});
