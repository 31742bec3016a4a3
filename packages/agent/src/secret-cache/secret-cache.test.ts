import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import {
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  writeFile,
} from "node:fs/promises";
import { geteuid } from "node:process";
import { type KeyType, parseSpiffeId, type SpiffeId, TrustBundle } from "@kasbah/pki";
import {
  createTestAuthority,
  eventually,
  FakeClock,
  mintSecret,
  type RecordingLogger,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { HeldRoots } from "../ca/roots/held-roots.ts";
import { AgentError } from "../errors.ts";
import { Wake } from "../rotation/wake.ts";
import { SecretStore, type WorkloadSecret } from "../secret/secret-store.ts";
import { SecretCache } from "./secret-cache.ts";

const start = new Date("2030-01-01T00:00:00Z");
const tmpfs = 0x01021994;
const hourMs = 3_600_000;
const ours = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
const bundleOf = (...authorities: TestAuthority[]) =>
  TrustBundle.from(authorities.map(({ certificate }) => certificate));

describe("SecretCache (row 2)", () => {
  let ground: TemporaryDirectory;
  let directory: string;
  let file: string;
  let rootFile: string;
  let authority: TestAuthority;
  let stranger: TestAuthority;
  let clock: FakeClock;
  let secret: WorkloadSecret;
  let logger: RecordingLogger;
  let identity: () => Promise<SpiffeId>;
  let keyType: KeyType;
  let changes: Wake;

  before(async () => {
    [authority, stranger] = await Promise.all([createTestAuthority(), createTestAuthority("Stranger")]);
  });
  beforeEach(async () => {
    ground = await temporaryDirectory();
    directory = ground.join("cache");
    file = `${directory}/secret.json`;
    rootFile = ground.join("root-cert.pem");
    await writeFile(rootFile, authority.rootPem);
    clock = new FakeClock(start);
    logger = recordingLogger();
    identity = async () => ours;
    keyType = "P-256";
    changes = new Wake();
    secret = await mintSecret({ authority, receivedAt: start, ttlMs: hourMs });
  });
  afterEach(() => ground.remove());

  /** A starting agent, with the cache and the roots that it finds. */
  const begin = async () => {
    const store = new SecretStore(clock);
    const roots = new HeldRoots(rootFile, logger);
    const parts = { directory, store, roots, changes, identity: () => identity(), keyType, clock };
    const cache = new SecretCache({ ...parts, roll: () => 0.5, keyFormat: "traditional", logger });
    await cache.restore();
    return { cache, store, roots };
  };
  /** An agent that obtained its secret from the CA and then stopped. */
  const cacheIt = async (learned = bundleOf(authority)) => {
    const { cache, store, roots } = await begin();
    await cache.start();
    roots.learn(learned);
    store.publish(secret);
    await eventually(async () => (await readdir(directory)).includes("secret.json"));
    await cache.stop();
  };
  const isIgnored = async ({ isDeleted }: { isDeleted: boolean }) => {
    const { store, roots } = await begin();
    assert.equal(store.current, undefined);
    assert.equal(roots.learned, undefined, "none of its roots was learned");
    assert.equal((await readdir(directory)).includes("secret.json"), !isDeleted);
    assert.ok(logger.events.some(({ level, event }) => level === "warn" && event.includes("cache")));
    assert.ok(!/PRIVATE KEY|BEGIN CERT/.test(JSON.stringify(logger.events)));
  };
  const forge = async (change: (fields: Record<string, unknown>) => unknown) => {
    await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, "utf8")))));
  };

  it("serves nothing from a truncated file, and deletes it", async () => {
    await cacheIt();
    const text = await readFile(file, "utf8");
    for (let length = 0; length < text.length; length += 97) {
      await writeFile(file, text.slice(0, length), { mode: 0o600 });
      await isIgnored({ isDeleted: true });
    }
  });

  const forgeries: Record<string, () => Promise<void>> = {
    "with a different key": async () => {
      const other = await mintSecret({ authority, receivedAt: start, ttlMs: hourMs });
      await forge((fields) => ({ ...fields, key: other.keyPair.toPkcs8Pem() }));
    },
    "with a chain to an untrusted root, which it contains": async () => {
      const other = await mintSecret({ authority: stranger, receivedAt: start, ttlMs: hourMs });
      await forge((fields) => ({
        ...fields,
        key: other.keyPair.toPkcs8Pem(),
        chain: other.leaf.toPem(),
        roots: authority.rootPem + stranger.rootPem,
      }));
    },
    "without the root that it chains to": () => forge((fields) => ({ ...fields, roots: stranger.rootPem })),
    "of an unknown format": () => forge((fields) => ({ ...fields, format: 2 })),
    "that is a list": () => forge(() => []),
    "with a rotation after its expiry": () =>
      forge((fields) => ({ ...fields, rotateAt: "2031-01-01T00:00:00.000Z" })),
    "with an invalid rotation time": () => forge((fields) => ({ ...fields, rotateAt: "soon" })),
  };
  for (const [what, make] of Object.entries(forgeries)) {
    it(`serves no cached secret ${what}, and deletes it`, async () => {
      await cacheIt();
      await make();
      await isIgnored({ isDeleted: true });
    });
  }

  it("serves nothing under a root that has been removed from the root file", async () => {
    await cacheIt();
    await writeFile(rootFile, stranger.rootPem);
    await isIgnored({ isDeleted: true });
  });

  it("serves nothing under a name other than the workload's current one", async () => {
    await cacheIt();
    identity = async () => parseSpiffeId("spiffe://cluster.local/ns/demo/sa/backend");
    await isIgnored({ isDeleted: true });
  });

  it("serves no expired secret and no key of a type that is no longer configured", async () => {
    await cacheIt();
    keyType = "RSA-2048";
    await isIgnored({ isDeleted: true });
    keyType = "P-256";
    await cacheIt();
    clock.jump(hourMs + 1_000);
    await isIgnored({ isDeleted: true });
  });

  it("serves nothing that it cannot verify yet, and keeps it until it can", async () => {
    await cacheIt();
    identity = async () => {
      throw new AgentError("TOKEN_UNREADABLE", "no name");
    };
    await isIgnored({ isDeleted: false });
    identity = async () => ours;
    await rename(rootFile, `${rootFile}.away`);
    await isIgnored({ isDeleted: false });
    await rename(`${rootFile}.away`, rootFile);
    assert.ok((await begin()).store.unexpired);
  });

  describe("with a secret that cannot be verified at the start", () => {
    let begun: Awaited<ReturnType<typeof begin>>;
    const noName = async () => {
      throw new AgentError("TOKEN_UNREADABLE", "no name");
    };
    const isServed = () => eventually(() => begun.store.current?.leaf.equals(secret.leaf) ?? false);
    /** Waits until all work that a change may have started is done. */
    const settled = () => begun.cache.stop();

    beforeEach(async () => {
      await cacheIt();
      identity = noName;
      begun = await begin();
      await begun.cache.start();
    });
    afterEach(() => begun.cache.stop());

    it("serves the secret as soon as the missing files have changed", async () => {
      changes.ring();
      identity = async () => ours;
      changes.ring();
      await isServed();
      assert.ok(begun.roots.learned?.equals(bundleOf(authority)));
    });

    it("serves the secret within the retry interval without a notification, for example after the clock was set", async () => {
      identity = async () => ours;
      await clock.runFor(60_000);
      await isServed();
    });

    it("never replaces a newer secret, and does not add roots", async () => {
      const newer = await mintSecret({ authority, receivedAt: start, ttlMs: hourMs });
      const asked = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<SpiffeId>();
      identity = () => {
        asked.resolve();
        return answer.promise;
      };
      changes.ring();
      await asked.promise;
      begun.store.publish(newer);
      answer.resolve(ours);
      await settled();
      assert.ok(begun.store.current?.leaf.equals(newer.leaf));
      assert.equal(begun.roots.learned, undefined);
    });

    it("deletes the secret once it turns out to be invalid", async () => {
      identity = async () => parseSpiffeId("spiffe://cluster.local/ns/demo/sa/backend");
      changes.ring();
      await eventually(async () => !(await readdir(directory)).includes("secret.json"));
      assert.equal(begun.store.current, undefined);
    });

    it("logs each reason once, regardless of the number of attempts", async () => {
      await clock.runFor(300_000);
      await settled();
      assert.equal(logger.named("cannot verify the cached secret yet").length, 1);
    });
  });

  it("serves no secret that is not yet valid, and keeps it until it is", async () => {
    await cacheIt();
    clock.jump(-hourMs);
    await isIgnored({ isDeleted: false });
    clock.jump(hourMs);
    assert.ok((await begin()).store.unexpired);
  });

  it("deletes a secret that can never become valid, regardless of the clock", async () => {
    await cacheIt(bundleOf(stranger));
    clock.jump(-hourMs);
    await isIgnored({ isDeleted: true });
  });

  it("does not open a file that others can access, a link or a file with two names, and removes it", async () => {
    for (const spoil of [
      () => chmod(file, 0o640),
      () => chmod(file, 0o604),
      () => link(file, ground.join("second")),
      async () => {
        await rename(file, ground.join("moved"));
        await symlink(ground.join("moved"), file);
      },
    ]) {
      await cacheIt();
      await spoil();
      await isIgnored({ isDeleted: true });
    }
  });

  it("does not open a file of another user", async function () {
    if (geteuid?.() !== 0) return this.skip();
    await cacheIt();
    await chown(file, 12_345, 12_345);
    await isIgnored({ isDeleted: true });
  });

  it("does not start in a directory that other users can access", async () => {
    await mkdir(directory, { mode: 0o755 });
    await rejectsWithCode(begin(), "DIRECTORY_UNSAFE");
  });

  it("serves the cached secret immediately with its roots, and rotates it on schedule", async () => {
    await cacheIt(bundleOf(authority, stranger));
    const { store, roots } = await begin();
    const { current } = store;
    assert.ok(store.unexpired && current);
    assert.ok(current.leaf.equals(secret.leaf));
    assert.ok(current.keyPair.publicKey.equals(secret.keyPair.publicKey));
    assert.equal(current.rotateAt.getTime(), secret.rotateAt.getTime());
    assert.equal(current.notAfter.getTime(), secret.notAfter.getTime());
    assert.ok(current.bundle.equals(bundleOf(authority, stranger)));
    assert.ok(roots.learned?.equals(bundleOf(authority, stranger)));
  });

  it("keeps only the last secret, in a private file that is rewritten for each", async () => {
    await cacheIt();
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const { cache, store } = await begin();
    await cache.start();
    const next = await mintSecret({ authority, receivedAt: start, ttlMs: hourMs });
    store.publish(next);
    await eventually(async () => (await readFile(file, "utf8")).includes(JSON.stringify(next.leaf.toPem())));
    await cache.stop();
    assert.deepEqual(await readdir(directory), ["secret.json"]);
    assert.ok((await begin()).store.current?.leaf.equals(next.leaf));
  });

  it("warns if its directory is not in memory, and only then", async () => {
    const { type } = await statfs(ground.path);
    await begin();
    const warnings = logger.events.filter(({ event }) => event.includes("not in memory"));
    assert.equal(warnings.length, type === tmpfs ? 0 : 1);
    if (!existsSync("/dev/shm")) return;
    directory = await mkdtemp("/dev/shm/kasbah-");
    logger = recordingLogger();
    try {
      await begin();
      assert.deepEqual(logger.events, []);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
