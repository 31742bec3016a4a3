import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import {
  eventually,
  type FakeKubernetesStore,
  type RecordingLogger,
  recordingLogger,
  startFakeKubernetesStore,
} from "@kasbah/testkit";
import { z } from "zod";
import { loopbackClient } from "../api/loopback-client.fixture.ts";
import { Reflector } from "./reflector.ts";

const schema = z
  .object({ data: z.object({ color: z.string() }) })
  .transform(({ data }) => ({ color: data.color }));

describe("Reflector", () => {
  let store: FakeKubernetesStore;
  let reflector: Reflector<{ color: string }>;
  let changes: (readonly [key: string, color: string | undefined])[];
  let logger: RecordingLogger;

  beforeEach(async () => {
    store = await startFakeKubernetesStore();
    changes = [];
    logger = recordingLogger();
    reflector = new Reflector({
      ...{ name: "colors", path: "/api/v1/configmaps", kind: "ConfigMap", schema },
      client: loopbackClient(store),
      onChange: (key, object) => changes.push([key, object?.color]),
      ...{ clock: systemClock, logger, roll: () => 0 },
    });
  });

  afterEach(async () => {
    await reflector.stop();
    await store.close();
  });

  const paint = (name: string, color: unknown) =>
    store.objects.write("configmaps", { metadata: { name, namespace: "demo" }, data: { color } });
  const colorOf = (name: string) => reflector.current.get(`demo/${name}`)?.color;
  const lists = () => store.calls.filter(({ path }) => !path.includes("watch=true")).length;
  const following = async () => {
    await reflector.start();
    await eventually(() => store.watchers === 1);
  };
  /** Once this object is known, everything sent before has been processed. */
  const settled = async () => {
    paint("last", `after ${store.objects.version}`);
    const color = `after ${store.objects.version - 1}`;
    await eventually(() => colorOf("last") === color);
  };

  it("treats a list without items as empty", async () => {
    store.trouble = ({ path }) =>
      path.includes("watch=true")
        ? undefined
        : {
            status: 200,
            body: '{"kind":"ConfigMapList","metadata":{"resourceVersion":"1000"},"items":null}',
          };
    await following();
    assert.equal(reflector.isSynced, true);
  });

  it("reports each object that was added, changed or deleted", async () => {
    paint("wall", "white");
    await following();
    paint("wall", "grey");
    store.objects.remove("configmaps", "demo", "wall");
    await settled();
    assert.deepEqual(changes.slice(0, 3), [
      ["demo/wall", "white"],
      ["demo/wall", "grey"],
      ["demo/wall", undefined],
    ]);
  });

  it("learns missed changes from a list, and reports nothing else", async () => {
    for (const name of ["wall", "door", "roof"]) paint(name, "white");
    await following();
    changes = [];
    store.trouble = () => ({ status: 503 });
    store.cut();
    await eventually(() => reflector.lastError !== undefined);
    paint("door", "red");
    store.objects.remove("configmaps", "demo", "roof");
    store.trouble = () => undefined;
    await eventually(() => reflector.lastError === undefined);
    assert.deepEqual(changes, [
      ["demo/door", "red"],
      ["demo/roof", undefined],
    ]);
  });

  it("lists again when the server has forgotten the version of the watch", async () => {
    await following();
    store.expire();
    await eventually(() => lists() === 2 && store.watchers === 1);
    await settled();
    assert.equal(reflector.lastError, undefined);
  });

  it("continues from the last bookmark without a list when the server ends a watch", async () => {
    await following();
    store.objects.write("pods", { metadata: { name: "elsewhere", namespace: "demo" } });
    store.bookmark();
    await settled();
    store.objects.version += 41;
    store.bookmark();
    store.end();
    await eventually(() => store.callsOf("GET /api/v1/configmaps?watch").length === 2);
    const last = store.callsOf("GET /api/v1/configmaps?watch").at(-1)?.path ?? "";
    assert.equal(new URL(last, store.url).searchParams.get("resourceVersion"), String(store.objects.version));
    assert.equal(lists(), 1);
  });

  it("logs a failing watch once, and its recovery once", async () => {
    store.trouble = () => ({ status: 403 });
    await reflector.start();
    await eventually(() => lists() >= 3);
    assert.match(String(reflector.lastError), /403 to a list of \/api\/v1\/configmaps; .* missing role/);
    store.trouble = () => undefined;
    await eventually(() => reflector.isSynced);
    assert.deepEqual(
      logger.events.map(({ level, event }) => [level, event]),
      [
        ["warn", "Kubernetes watch failed"],
        ["info", "Kubernetes watch recovered"],
      ],
    );
  });

  it("tolerates a slow server with no more than a delay", async () => {
    paint("wall", "white");
    store.delayMs = 300;
    await following();
    assert.equal(colorOf("wall"), "white");
    assert.equal(reflector.lastError, undefined);
  });

  it("reports nothing after it was stopped", async () => {
    await following();
    await reflector.stop();
    await eventually(() => store.watchers === 0);
    const asked = store.calls.length;
    paint("wall", "white");
    store.cut();
    assert.deepEqual(changes, []);
    assert.equal(store.calls.length, asked);
  });
});
