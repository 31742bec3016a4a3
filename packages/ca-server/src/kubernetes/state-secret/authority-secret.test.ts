import assert from "node:assert/strict";
import { inspect } from "node:util";
import { createKeyPair, createSerial } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { recordingLogger, rejectsWithCode } from "@kasbah/testkit";
import type { SigningPair } from "../../authorities/keys/authority-files.ts";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import { AuthoritySecret, type AuthoritySecretDeps } from "./authority-secret.ts";
import { secretType } from "./authority-snapshot.ts";
import type { SecretObject } from "./secret-object.ts";

interface Counter {
  readonly count: number;
}

const codec = {
  encode: ({ count }: Counter) => ({ count }),
  decode: (value: unknown): Counter => {
    const { count } = value as Counter;
    if (typeof count !== "number") throw new TypeError("no count");
    return { count };
  },
};
const grow = ({ count }: Counter) => ({ count: count + 1 });

/** One Secret as the API server stores it, for concurrent writers. */
class SecretApi {
  secret: SecretObject | undefined;
  calls = 0;
  /** Replaces the next response, after the write was executed or before. */
  trouble: { readonly reply: HttpsReply | Error; readonly isDone: boolean } | undefined;
  #version = 0;

  async get(): Promise<HttpsReply> {
    return this.secret === undefined ? replyOf(404, {}) : replyOf(200, this.secret);
  }

  post(_path: string, body: unknown): Promise<HttpsReply> {
    return this.#write(body as SecretObject, this.secret === undefined, 201);
  }

  put(_path: string, body: unknown): Promise<HttpsReply> {
    const { metadata } = body as SecretObject;
    if (this.secret === undefined) return Promise.resolve(replyOf(404, {}));
    const isCurrent = metadata.resourceVersion === this.secret.metadata.resourceVersion;
    return this.#write(body as SecretObject, isCurrent, 200);
  }

  async #write(body: SecretObject, mayWrite: boolean, status: number): Promise<HttpsReply> {
    this.calls += 1;
    const { trouble } = this;
    this.trouble = undefined;
    if (trouble === undefined || trouble.isDone) {
      if (!mayWrite) return replyOf(409, {});
      this.#version += 1;
      this.secret = { ...body, metadata: { ...body.metadata, resourceVersion: `v${this.#version}` } };
    }
    if (trouble?.reply instanceof Error) throw trouble.reply;
    return trouble?.reply ?? replyOf(status, this.secret);
  }
}

function replyOf(status: number, body: unknown): HttpsReply {
  return { status, body: JSON.stringify(body), retryAfterMs: undefined };
}

async function never(): Promise<never> {
  throw new Error("nothing is written here");
}

describe("AuthoritySecret", () => {
  let api: SecretApi;
  let pair: SigningPair;

  before(async () => {
    const keyPair = await createKeyPair("P-256");
    const validity = {
      notBefore: new Date("2030-01-01T00:00:00Z"),
      notAfter: new Date("2040-01-01T00:00:00Z"),
    };
    const template = { serial: createSerial(), validity, organization: "cluster.local" };
    pair = { keyPair, certificate: await createCertificateWriter().writeRoot(template, keyPair) };
  });

  beforeEach(() => {
    api = new SecretApi();
  });

  const open = (changes: Partial<AuthoritySecretDeps<Counter>> = {}) =>
    AuthoritySecret.open<Counter>({
      client: api,
      namespace: "kasbah-system",
      name: "kasbah-ca",
      codec,
      initial: { count: 0 },
      passphrase: undefined,
      logger: recordingLogger(),
      ...changes,
    });

  it("refuses to start when the Secret is missing but a root was in use, and creates nothing", async () => {
    await rejectsWithCode(open({ initial: undefined }), "STATE_MISSING");
    assert.equal(api.secret, undefined);
  });

  it("never writes to a Secret of another type", async () => {
    const metadata = { namespace: "kasbah-system", name: "kasbah-ca", resourceVersion: "v9" };
    for (const secret of [
      { metadata, type: "Opaque" },
      { metadata, type: secretType, data: {} },
    ]) {
      api.secret = secret;
      await rejectsWithCode(open(), "STATE_DAMAGED");
    }
    assert.equal(api.calls, 0);
  });

  it("rejects a Secret with one flipped bit instead of starting a new CA", async () => {
    const first = await open();
    await first.update(grow);
    const control = Buffer.from(api.secret?.data?.["control.json"] ?? "", "base64").toString();
    const altered = Buffer.from(control.replace('"count":1', '"count":7')).toString("base64");
    api.secret = { ...(api.secret as SecretObject), data: { "control.json": altered } };
    await rejectsWithCode(open(), "STATE_DAMAGED");
  });

  it("does not quote the Secret when the API server's response is truncated in the middle of a key", async () => {
    const cut = '{"metadata":{"name":"kasbah-ca"},"data":{"root.key.pem":"TUlHSEFnRUFN';
    const client = { get: async () => ({ status: 200, body: cut, retryAfterMs: undefined }) };
    const refusal = await rejectsWithCode(
      open({ client: { ...client, post: never, put: never } }),
      "STATE_NOT_DURABLE",
    );
    assert.doesNotMatch(inspect(refusal, { depth: 9 }), /TUlHSEF/);
  });

  it("creates the first keys and state in one write, so that no key exists without its state", async () => {
    const ca = await open();
    assert.ok(await ca.put("root-1", pair));
    assert.equal(api.calls, 0);
    await ca.update(grow);
    assert.deepEqual(Object.keys(api.secret?.data ?? {}).sort(), [
      "control.json",
      "root-1.crt.pem",
      "root-1.key.pem",
    ]);
    assert.equal(api.calls, 1);
  });

  it("creates the Secret on one of two replicas that start together, and adopts it on the other", async () => {
    const [one, other] = [await open(), await open()];
    await Promise.all([one.put("root-1", pair), other.put("root-1", pair)]);
    const establish = (mine: number) => (state: Counter) => (state.count === 0 ? { count: mine } : state);
    const states = await Promise.all([one.update(establish(7)), other.update(establish(8))]);
    assert.deepEqual(states, [{ count: 7 }, { count: 7 }]);
    assert.deepEqual(other.current, one.current);
  });

  it("loses no update of many concurrent replicas", async () => {
    await (await open()).update(grow);
    const replicas = await Promise.all(Array.from({ length: 5 }, () => open()));
    await Promise.all(replicas.flatMap((replica) => Array.from({ length: 4 }, () => replica.update(grow))));
    assert.deepEqual((await open()).current, { count: 21 });
  });

  it("writes nothing if nothing changes, and fails only the caller whose change throws", async () => {
    const ca = await open();
    await ca.update(grow);
    const before = api.calls;
    await ca.update((state) => state);
    await assert.rejects(
      ca.update(() => {
        throw new RangeError("not this");
      }),
      RangeError,
    );
    assert.equal(api.calls, before);
    assert.deepEqual(await ca.update(grow), { count: 2 });
  });

  it("keeps the current state when a write fails, and names the missing permission", async () => {
    const ca = await open();
    await ca.update(grow);
    api.trouble = { reply: replyOf(403, {}), isDone: false };
    const error = await rejectsWithCode(ca.update(grow), "STATE_NOT_DURABLE");
    assert.match(error.message, /Secret kasbah-system\/kasbah-ca: .* 403; bind a role/);
    assert.deepEqual(ca.current, { count: 1 });
    assert.deepEqual(await ca.update(grow), { count: 2 });
  });

  it("reads before the next write if the outcome of the last one is unknown", async () => {
    const ca = await open();
    await ca.update(grow);
    api.trouble = { reply: new Error("the connection broke"), isDone: true };
    await rejectsWithCode(ca.update(grow), "STATE_NOT_DURABLE");
    assert.deepEqual(ca.current, { count: 1 });
    assert.deepEqual(await ca.update(grow), { count: 3 });
  });

  it("gives a key to every replica, and accepts no second key under its id", async () => {
    const one = await open();
    await one.update(grow);
    const other = await open();
    assert.ok(await one.put("root-1", pair));
    const another = { ...pair, keyPair: await createKeyPair("P-256") };
    assert.equal(await other.put("root-1", another), false);
    assert.equal((await other.find("root-1"))?.certificate.fingerprint, pair.certificate.fingerprint);
    assert.equal(await other.find("root-2"), undefined);
  });

  it("keeps a retired authority's certificate but not its key", async () => {
    const ca = await open();
    await ca.update(grow);
    await ca.put("root-1", pair);
    assert.ok(await ca.remove("root-1"));
    assert.equal(await ca.remove("root-1"), false);
    assert.ok(api.secret?.data?.["root-1.crt.pem"]);
    assert.equal(api.secret?.data?.["root-1.key.pem"], undefined);
    await rejectsWithCode(ca.find("root-1"), "AUTHORITY_INCOMPLETE");
  });

  it("applies another replica's state after its keys are ready, and never goes back", async () => {
    const one = await open();
    await one.update(grow);
    const follower = await open();
    const told: string[] = [];
    follower.onForeignChange({
      prepare: async ({ count }) => {
        told.push(`prepare ${count}, in force ${follower.current.count}`);
      },
      changed: (next, before) => told.push(`from ${before.count} to ${next.count}`),
    });
    const old = api.secret as SecretObject;
    await one.update(grow);
    await follower.observe(api.secret as SecretObject);
    await follower.observe(old);
    assert.deepEqual(follower.current, { count: 2 });
    assert.deepEqual(told, ["prepare 2, in force 1", "from 1 to 2"]);
  });

  it("keeps its state if it cannot prepare another replica's state", async () => {
    const one = await open();
    await one.update(grow);
    const follower = await open();
    follower.onForeignChange({
      prepare: () => Promise.reject(new TypeError("no key")),
      changed: () => assert.fail("nothing has changed"),
    });
    await one.update(grow);
    await assert.rejects(follower.observe(api.secret as SecretObject), TypeError);
    assert.deepEqual(follower.current, { count: 1 });
  });

  it("continues to write after another client labeled the Secret or restored an older copy", async () => {
    const ca = await open();
    await ca.update(grow);
    const old = api.secret as SecretObject;
    await ca.update(grow);
    api.secret = { ...old, metadata: { ...old.metadata, resourceVersion: "restored" } };
    assert.deepEqual(await ca.update(grow), { count: 3 });
    const labelled = api.secret as SecretObject;
    api.secret = { ...labelled, metadata: { ...labelled.metadata, resourceVersion: "labelled" } };
    assert.ok(await ca.put("root-1", pair));
    assert.deepEqual((await open()).current, { count: 3 });
  });

  it("does not recreate the Secret for a CA that has not started yet", async () => {
    const ca = await open();
    await ca.put("root-1", pair);
    await ca.restore();
    assert.equal(api.secret, undefined);
  });

  it("recreates the whole Secret when it is deleted while the CA runs", async () => {
    const ca = await open();
    await ca.update(grow);
    await ca.put("root-1", pair);
    api.secret = undefined;
    await ca.restore();
    const again = await open();
    assert.deepEqual(again.current, { count: 1 });
    assert.ok(await again.find("root-1"));
    api.secret = undefined;
    assert.deepEqual(await ca.update(grow), { count: 2 });
    assert.ok(await (await open()).find("root-1"));
  });
});
