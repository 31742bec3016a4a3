import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type DurableFs, nodeFs, Secret } from "@kasbah/runtime";
import {
  FakeClock,
  type FakeKubernetesStore,
  faultyFs,
  recordingLogger,
  rejectsWithCode,
  startFakeKubernetesStore,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { dayMs, openOnDisk } from "../authorities/authorities-on-disk.fixture.ts";
import { openDirectoryBacking } from "../authorities/backing.ts";
import { type AuthorityState, needsKey } from "../authorities/rotation/authority-state.ts";
import type { KubernetesClient } from "../kubernetes/api/api-client.ts";
import { loopbackClient } from "../kubernetes/api/loopback-client.fixture.ts";
import { SecretPlace } from "../kubernetes/state-secret/place.ts";
import { createSharedState } from "../kubernetes/state-secret/shared-state.ts";
import { prepareStateDirectory, stateDirectoryAt } from "../store/state-directory.ts";
import { signingRootOf, stateOf } from "./ca-identity.ts";
import { DirectoryPlace } from "./directory-place.ts";
import { moveState } from "./move-state.ts";
import { openOwner } from "./open-owner.ts";
import type { StatePlace } from "./place.ts";
import { StateOwner } from "./state-owner.ts";

const secretPath = { namespace: "kasbah-system", name: "kasbah-ca" };

describe("Move of a CA", () => {
  let directory: TemporaryDirectory;
  let store: FakeKubernetesStore;
  let client: KubernetesClient;
  let count = 0;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    store = await startFakeKubernetesStore();
    store.objects.write("namespaces", { metadata: { name: secretPath.namespace } });
    client = loopbackClient(store);
  });
  afterEach(async () => {
    await store.close();
    await directory.remove();
  });

  const volumeAt = async (path: string, fs: DurableFs = nodeFs) =>
    new DirectoryPlace({ name: `state directory ${path}`, state: await prepareStateDirectory(path), fs });
  const secretWith = (using: Pick<KubernetesClient, "get" | "post" | "put"> = client) =>
    new SecretPlace({ ...secretPath, client: using });

  /** A CA in the middle of a rotation, so that its places hold several keys. */
  async function createCa(passphrase?: Secret): Promise<{ readonly path: string; readonly root: string }> {
    const path = directory.join(`ca-${++count}`);
    const clock = new FakeClock("2030-01-01T00:00:00Z");
    const { keeper, driver } = await openOnDisk({ path, clock, ...(passphrase && { passphrase }) });
    await keeper.coverLeaf(keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    await driver.rotate("root");
    return { path, root: signingRootOf(keeper.state).fingerprint };
  }

  async function rootIn(place: StatePlace): Promise<string | undefined> {
    const content = await place.read();
    return content.kind === "owner" ? signingRootOf(stateOf(content.ca, place.name)).fingerprint : undefined;
  }

  /** Counts the keys in a place from which the CA was moved. */
  async function leftKeys(place: StatePlace): Promise<number> {
    const content = await place.read();
    if (content.kind !== "moved") return 0;
    return [...content.ca.files.values()].filter(({ key }) => key !== undefined).length;
  }

  /** Starts as the first replica does, and returns the root that it would serve. */
  async function rootAfterStart(path: string): Promise<string> {
    const logger = recordingLogger();
    const clock = new FakeClock("2030-01-01T00:00:00Z");
    const common = { client, passphrase: undefined, clock, roll: () => 0, logger };
    const { owner } = await openOwner({
      stateDir: path,
      state: stateDirectoryAt(path),
      options: { passphrase: undefined, maxTtlMs: dayMs },
      shared: createSharedState({
        ...common,
        ...{ namespace: secretPath.namespace, installation: "kasbah" },
        ...{ stateSecret: secretPath.name, rootConfigMap: undefined },
      }),
      mayCreate: true,
      stateRoot: undefined,
      onWait: (reason) => assert.fail(`waits: ${reason}`),
      fail: (error) => assert.fail(error),
      ...{ clock, logger },
    });
    const { store: opened, vault } = owner.backing;
    for (const { id } of opened.current.authorities.filter(needsKey)) assert.ok(await vault.find(id), id);
    return signingRootOf(opened.current).fingerprint;
  }

  it("moves the whole CA into a Secret and back, and leaves no key behind", async () => {
    const { path, root } = await createCa();
    const before = await (await volumeAt(path)).read();
    const moved = await moveState(await volumeAt(path), secretWith());
    assert.equal(moved.rootFingerprint, root);
    assert.deepEqual(await secretWith().read(), before);
    const left = await (await volumeAt(path)).read();
    assert.equal(left.kind, "moved");
    assert.ok("ca" in left && [...left.ca.files.values()].every(({ key }) => key === undefined));
    assert.equal(await rootAfterStart(path), root);

    await moveState(secretWith(), await volumeAt(path));
    assert.deepEqual(await (await volumeAt(path)).read(), before);
    assert.equal(await rootAfterStart(path), root);
    const secret = store.objects.get("secrets", secretPath.namespace, secretPath.name);
    assert.doesNotMatch(JSON.stringify(secret?.["data"]), /key\.pem/);
    assert.equal(await rootIn(secretWith()), undefined);
  });

  it("refuses a destination with another CA and a source without one, and changes neither", async () => {
    const [first, second] = [await createCa(), await createCa()];
    await moveState(await volumeAt(first.path), secretWith());
    const { message } = await rejectsWithCode(
      moveState(await volumeAt(second.path), secretWith()),
      "STATE_CONFLICT",
    );
    for (const { root } of [first, second]) assert.ok(message.includes(root), message);
    assert.equal(await rootIn(await volumeAt(second.path)), second.root);
    assert.equal(await rootIn(secretWith()), first.root);
    await rejectsWithCode(moveState(await volumeAt(directory.join("empty")), secretWith()), "STATE_MISSING");
  });

  it("names the place to which the CA was moved if another destination is given", async () => {
    const { path } = await createCa();
    await moveState(await volumeAt(path), secretWith());
    const other = new SecretPlace({ ...secretPath, name: "other", client });
    const { message } = await rejectsWithCode(moveState(await volumeAt(path), other), "STATE_CONFLICT");
    assert.match(
      message,
      /was moved from .* to Secret kasbah-system\/kasbah-ca: name that place instead of Secret .*other/,
    );
  });

  it("refuses a source whose key is missing, before it writes anything", async () => {
    const { path } = await createCa();
    await nodeFs.unlink(`${path}/authorities/root-1/ca-key.pem`);
    await rejectsWithCode(moveState(await volumeAt(path), secretWith()), "AUTHORITY_INCOMPLETE");
    assert.equal(store.objects.get("secrets", secretPath.namespace, secretPath.name), undefined);
  });

  it("refuses a copy that differs from its source, and keeps using the source", async () => {
    const { path, root } = await createCa();
    const lossy = {
      get: (at: string) => client.get(at),
      put: (at: string, body: unknown) => client.put(at, body),
      post: (at: string, body: unknown) => client.post(at, withoutLastFile(body)),
    };
    await rejectsWithCode(moveState(await volumeAt(path), secretWith(lossy)), "STATE_NOT_DURABLE");
    assert.equal(await rootAfterStart(path), root);
    await moveState(await volumeAt(path), secretWith());
    assert.equal(await rootAfterStart(path), root);
  });

  for (const direction of ["to-secret", "to-directory"] as const) {
    it(`keeps one whole CA if the process is killed at any durable step, and completes the move afterwards: ${direction}`, async () => {
      let killedAt = 0;
      for (let isDone = false; !isDone; ) {
        killedAt += 1;
        const { path, root } = await createCa();
        store.objects.remove("secrets", secretPath.namespace, secretPath.name);
        if (direction === "to-directory") await moveState(await volumeAt(path), secretWith());
        const kill = killSwitch(killedAt);
        const [source, destination] = inDirection(
          direction,
          await volumeAt(path, kill.fs),
          secretWith(kill.client(client)),
        );
        isDone = await moveState(source, destination).then(
          () => true,
          () => false,
        );
        const places = [await volumeAt(path), secretWith()];
        const owners = (await Promise.all(places.map(rootIn))).filter((found) => found !== undefined);
        assert.ok(owners.length <= 1, `two owners after a kill at step ${killedAt}`);
        // A start in between completes the move, or uses the CA where it still is.
        if (killedAt % 2 === 0) {
          assert.equal(await rootAfterStart(path), root, `start after ${killedAt}`);
          for (const place of places) assert.equal(await leftKeys(place), 0, `keys left after ${killedAt}`);
        }
        const [from, to] = inDirection(direction, await volumeAt(path), secretWith());
        assert.equal((await moveState(from, to)).rootFingerprint, root, `move after ${killedAt}`);
        assert.equal(await rootIn(to), root);
        assert.equal(await rootAfterStart(path), root);
      }
      assert.ok(killedAt > 8, `only ${killedAt} steps`);
    });
  }

  it("refuses to change the state of a running CA while a move is interrupted, and completes the move with the next call", async () => {
    const { path } = await createCa();
    const kill = killSwitch(1);
    const options = { passphrase: undefined, maxTtlMs: dayMs };
    const deps = {
      state: stateDirectoryAt(path),
      options,
      clock: new FakeClock(),
      logger: recordingLogger(),
    };
    const backing = await openDirectoryBacking(deps);
    const owner = new StateOwner(await volumeAt(path), { backing, components: [] });
    const open = async () => ({ backing, components: [] });
    const pauseAll = (state: AuthorityState) => ({ ...state, hold: "all" as const });

    await assert.rejects(owner.move({ place: secretWith(kill.client(client)), open: () => assert.fail() }));
    assert.equal((await owner.backing.store.update(pauseAll)).hold, "all", "the volume still owns the CA");

    const secret = secretWith();
    const failing: StatePlace = {
      name: secret.name,
      read: () => secret.read(),
      look: () => secret.look(),
      stage: (from, ca) => secret.stage(from, ca),
      commit: () => Promise.reject(new Error("killed")),
      retire: () => assert.fail("it is the destination"),
      erase: () => assert.fail("it is the destination"),
    };
    await assert.rejects(owner.move({ place: failing, open }), /killed/);
    await rejectsWithCode(owner.backing.store.update(pauseAll), "STATE_NOT_DURABLE");
    await owner.move({ place: secret, open });
    assert.equal(owner.placeName, secret.name);
    assert.equal((await secret.read()).kind, "owner");
  });

  it("moves encrypted keys without their passphrase", async () => {
    const { path } = await createCa(new Secret("correct horse"));
    const file = `${path}/authorities/root-1/ca-key.pem`;
    const key = await readFile(file, "utf8");
    await moveState(await volumeAt(path), secretWith());
    const content = await secretWith().read();
    assert.match(key, /^-----BEGIN ENCRYPTED PRIVATE KEY/);
    assert.equal("ca" in content && content.ca.files.get("root-1")?.key, key);
  });
});

function inDirection(direction: "to-secret" | "to-directory", volume: StatePlace, secret: StatePlace) {
  return direction === "to-secret" ? ([volume, secret] as const) : ([secret, volume] as const);
}

function withoutLastFile(body: unknown): unknown {
  assert.ok(typeof body === "object" && body !== null && "data" in body);
  const { data } = body;
  assert.ok(typeof data === "object" && data !== null);
  return { ...body, data: Object.fromEntries(Object.entries(data).slice(0, -1)) };
}

/** Fails the n-th durable call and every later one, as after a kill. Odd calls to the API take effect first. */
function killSwitch(at: number) {
  let calls = 0;
  const isKilled = () => ++calls >= at;
  const killed = () => Object.assign(new Error("killed"), { code: "EIO" });
  const counted = faultyFs();
  const attempt = <T>(work: () => Promise<T>): Promise<T> => (isKilled() ? Promise.reject(killed()) : work());
  const fs: DurableFs = {
    ...counted,
    rename: (...given) => attempt(() => nodeFs.rename(...given)),
    unlink: (...given) => attempt(() => nodeFs.unlink(...given)),
    rm: (...given) => attempt(() => nodeFs.rm(...given)),
  };
  const client = (real: KubernetesClient) => {
    const write = async <T>(work: () => Promise<T>): Promise<T> => {
      const dies = isKilled();
      if (dies && calls > at) throw killed();
      const reply = dies && calls % 2 === 0 ? undefined : await work();
      if (dies || reply === undefined) throw killed();
      return reply;
    };
    return {
      get: (path: string) => real.get(path),
      post: (path: string, body: unknown) => write(() => real.post(path, body)),
      put: (path: string, body: unknown) => write(() => real.put(path, body)),
    };
  };
  return { fs, client };
}
