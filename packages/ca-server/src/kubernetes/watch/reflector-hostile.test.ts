import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import {
  eventually,
  type FakeKubernetesStore,
  recordingLogger,
  startFakeKubernetesStore,
} from "@kasbah/testkit";
import { z } from "zod";
import { loopbackClient } from "../api/loopback-client.fixture.ts";
import { Reflector } from "./reflector.ts";

const schema = z
  .object({ data: z.object({ color: z.string() }) })
  .transform(({ data }) => ({ color: data.color }));

describe("Reflector of an untrusted server", () => {
  let store: FakeKubernetesStore;
  let reflector: Reflector<{ color: string }>;
  let changes: (readonly [key: string, color: string | undefined])[];

  beforeEach(async () => {
    store = await startFakeKubernetesStore();
    changes = [];
    reflector = new Reflector({
      ...{ name: "colors", path: "/api/v1/configmaps", kind: "ConfigMap", schema },
      client: loopbackClient(store),
      onChange: (key, object) => changes.push([key, object?.color]),
      ...{ clock: systemClock, logger: recordingLogger(), roll: () => 0 },
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

  it("skips and counts objects of unexpected shapes, and reads the others", async () => {
    const odd = [{}, { color: 7 }, { color: null }, { color: ["red"] }];
    for (const [index, data] of odd.entries())
      store.objects.write("configmaps", { metadata: { name: `odd-${index}`, namespace: "demo" }, data });
    paint("good", "green");
    await following();
    assert.deepEqual([...reflector.current.keys()], ["demo/good"]);
    assert.equal(reflector.skipped, odd.length);
    assert.equal(reflector.lastError, undefined);
  });

  it("keeps the previous version of an object whose new version is unreadable, even after a list", async () => {
    paint("wall", "white");
    await following();
    paint("wall", 7);
    await settled();
    assert.equal(colorOf("wall"), "white");
    store.cut();
    await eventually(() => store.watchers === 1 && lists() === 2);
    assert.equal(colorOf("wall"), "white");
  });

  it("skips events of unknown types and kinds, and keeps watching", async () => {
    await following();
    const metadata = { name: "x", namespace: "demo", resourceVersion: "999999" };
    const object = { kind: "ConfigMap", metadata, data: { color: "red" } };
    store.send({ type: "RECONSIDERED", object });
    store.send({ type: "ADDED", object: { ...object, kind: "Secret", metadata: { name: "x" } } });
    store.send({ type: "ADDED", object: { kind: "ConfigMap", data: { color: "red" } } });
    store.send({ type: "MODIFIED", object: null });
    store.send({ type: "DELETED", object: ["demo/x"] });
    await settled();
    assert.deepEqual([...reflector.current.keys()], ["demo/last"]);
    assert.equal(reflector.skipped, 5);
    assert.equal(lists(), 1);
  });

  for (const [what, line] of Object.entries({
    "is not JSON": "<html>",
    "is truncated": '{"type":"ADDED","object":',
    "is not an object": "[]",
    "has no type": '{"object":{}}',
    "reports an error": '{"type":"ERROR","object":{"code":500}}',
    "reports an error in another shape": '{"type":"ERROR","object":"no"}',
  })) {
    it(`lists again after a line that ${what}`, async () => {
      await following();
      store.send(line);
      await eventually(() => lists() === 2);
      await settled();
      assert.equal(reflector.lastError, undefined);
    });
  }

  it("lists again and ignores the event when the watch returns an older resourceVersion", async () => {
    paint("wall", "white");
    await following();
    const metadata = { name: "wall", namespace: "demo", resourceVersion: "7" };
    store.send({ type: "MODIFIED", object: { kind: "ConfigMap", metadata, data: { color: "black" } } });
    await eventually(() => lists() === 2);
    await settled();
    assert.deepEqual(
      changes.filter(([key]) => key === "demo/wall"),
      [["demo/wall", "white"]],
    );
  });

  it("accepts the list of a server that was restored to an older state", async () => {
    paint("wall", "white");
    paint("door", "red");
    await following();
    store.objects.remove("configmaps", "demo", "door");
    await eventually(() => !reflector.current.has("demo/door"));
    // The server has no memory of changes after its backup.
    store.objects.version = 10;
    store.objects.events = [];
    paint("wall", "grey");
    // A busy machine may need one more list, but only a new list can contain this color.
    await eventually(() => lists() >= 2 && colorOf("wall") === "grey");
  });

  it("reads a huge list in pages, and requests smaller pages after one that is too large", async () => {
    for (let index = 0; index < 1_000; index += 1) paint(`wall-${index}`, "white");
    const isLarge = (path: string) => Number(new URLSearchParams(path.split("?")[1]).get("limit")) > 50;
    store.trouble = ({ path }) =>
      isLarge(path) ? { status: 200, body: "x".repeat(8 * 1024 * 1024 + 1) } : undefined;
    await reflector.start();
    await eventually(() => reflector.isSynced, 8_000);
    assert.equal(reflector.current.size, 1_000);
    assert.equal(lists(), 2 + 1_000 / 50);
  });

  it("stops a list whose pages lead to themselves", async () => {
    const metadata = { resourceVersion: "7", continue: "again" };
    const body = JSON.stringify({ kind: "ConfigMapList", metadata, items: [] });
    store.trouble = () => ({ status: 200, body });
    await reflector.start();
    await eventually(() => reflector.lastError !== undefined);
    assert.match(String(reflector.lastError), /never ends/);
    assert.equal(reflector.isSynced, false);
  });

  for (const [what, body] of Object.entries({
    "of another kind": '{"kind":"SecretList","metadata":{"resourceVersion":"7"},"items":[]}',
    "without a resourceVersion": '{"kind":"ConfigMapList","metadata":{},"items":[]}',
    "that is an HTML page": "<html>Sign in</html>",
    "that is null": "null",
  })) {
    it(`keeps its objects after a response ${what}`, async () => {
      paint("wall", "white");
      await following();
      store.trouble = () => ({ status: 200, body });
      store.cut();
      await eventually(() => /list of/.test(String(reflector.lastError)));
      assert.equal(colorOf("wall"), "white");
    });
  }
});
