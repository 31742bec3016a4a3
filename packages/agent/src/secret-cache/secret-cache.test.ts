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

describe("The cache of the secret (row 2)", () => {
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

  /** An agent that starts: what it finds in its cache, and the roots that it holds then. */
  const begin = async () => {
    const store = new SecretStore(clock);
    const roots = new HeldRoots(rootFile, logger);
    const parts = { directory, store, roots, changes, identity: () => identity(), keyType, clock };
    const cache = new SecretCache({ ...parts, roll: () => 0.5, keyFormat: "traditional", logger });
    await cache.restore();
    return { cache, store, roots };
  };
  /** An agent that has got the secret from the CA, and is then gone. */
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
    assert.equal(roots.learned, undefined, "nothing of it was learned");
    assert.equal((await readdir(directory)).includes("secret.json"), !isDeleted);
    assert.ok(logger.events.some(({ level, event }) => level === "warn" && event.includes("cache")));
    assert.ok(!/PRIVATE KEY|BEGIN CERT/.test(JSON.stringify(logger.events)));
  };
  const forge = async (change: (fields: Record<string, unknown>) => unknown) => {
    await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, "utf8")))));
  };

  it("serves nothing of a file that is cut anywhere, and deletes it", async () => {
    await cacheIt();
    const text = await readFile(file, "utf8");
    for (let length = 0; length < text.length; length += 97) {
      await writeFile(file, text.slice(0, length), { mode: 0o600 });
      await isIgnored({ isDeleted: true });
    }
  });

  const forgeries: Record<string, () => Promise<void>> = {
    "with another key": async () => {
      const other = await mintSecret({ authority, receivedAt: start, ttlMs: hourMs });
      await forge((fields) => ({ ...fields, key: other.keyPair.toPkcs8Pem() }));
    },
    "with a chain to another root, which it brings along": async () => {
      const other = await mintSecret({ authority: stranger, receivedAt: start, ttlMs: hourMs });
      await forge((fields) => ({
        ...fields,
        key: other.keyPair.toPkcs8Pem(),
        chain: other.leaf.toPem(),
        roots: authority.rootPem + stranger.rootPem,
      }));
    },
    "without the root that it chains to": () => forge((fields) => ({ ...fields, roots: stranger.rootPem })),
    "of another format": () => forge((fields) => ({ ...fields, format: 2 })),
    "that is a list": () => forge(() => []),
    "with a rotation after its end": () =>
      forge((fields) => ({ ...fields, rotateAt: "2031-01-01T00:00:00.000Z" })),
    "with no time for its rotation": () => forge((fields) => ({ ...fields, rotateAt: "soon" })),
  };
  for (const [what, make] of Object.entries(forgeries)) {
    it(`serves nothing of a secret ${what}, and deletes it`, async () => {
      await cacheIt();
      await make();
      await isIgnored({ isDeleted: true });
    });
  }

  it("serves nothing under a root that has left the root file since", async () => {
    await cacheIt();
    await writeFile(rootFile, stranger.rootPem);
    await isIgnored({ isDeleted: true });
  });

  it("serves nothing under another name than ours as it is now", async () => {
    await cacheIt();
    identity = async () => parseSpiffeId("spiffe://cluster.local/ns/demo/sa/backend");
    await isIgnored({ isDeleted: true });
  });

  it("serves nothing that has ended, nor a key of a type that is no longer asked for", async () => {
    await cacheIt();
    keyType = "RSA-2048";
    await isIgnored({ isDeleted: true });
    keyType = "P-256";
    await cacheIt();
    clock.jump(hourMs + 1_000);
    await isIgnored({ isDeleted: true });
  });

  it("serves nothing while it cannot be verified, and keeps it until it can", async () => {
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

  describe("that cannot be verified when the agent starts", () => {
    let begun: Awaited<ReturnType<typeof begin>>;
    const noName = async () => {
      throw new AgentError("TOKEN_UNREADABLE", "no name");
    };
    const isServed = () => eventually(() => begun.store.current?.leaf.equals(secret.leaf) ?? false);
    /** When whatever a change could have begun is done. */
    const settled = () => begun.cache.stop();

    beforeEach(async () => {
      await cacheIt();
      identity = noName;
      begun = await begin();
      await begun.cache.start();
    });
    afterEach(() => begun.cache.stop());

    it("is served as soon as the files that it waits for have changed and allow it", async () => {
      changes.ring();
      identity = async () => ours;
      changes.ring();
      await isServed();
      assert.ok(begun.roots.learned?.equals(bundleOf(authority)));
    });

    it("is served in time without a word of a change, as when the clock was set", async () => {
      identity = async () => ours;
      await clock.runFor(60_000);
      await isServed();
    });

    it("never takes the place of a newer one, nor teaches us its roots", async () => {
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

    it("is deleted once it proves to be bad", async () => {
      identity = async () => parseSpiffeId("spiffe://cluster.local/ns/demo/sa/backend");
      changes.ring();
      await eventually(async () => !(await readdir(directory)).includes("secret.json"));
      assert.equal(begun.store.current, undefined);
    });

    it("is in the log once for each reason, however often it is tried", async () => {
      await clock.runFor(300_000);
      await settled();
      assert.equal(logger.named("cannot verify the cached secret yet").length, 1);
    });
  });

  it("serves nothing that has not begun, and keeps it until the clock says that it has", async () => {
    await cacheIt();
    clock.jump(-hourMs);
    await isIgnored({ isDeleted: false });
    clock.jump(hourMs);
    assert.ok((await begin()).store.unexpired);
  });

  it("deletes what will never be good, whatever the clock says", async () => {
    await cacheIt(bundleOf(stranger));
    clock.jump(-hourMs);
    await isIgnored({ isDeleted: true });
  });

  it("opens no file that others may open, that is a link or has two names, and removes it", async () => {
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

  it("opens no file of another user", async function () {
    if (geteuid?.() !== 0) return this.skip();
    await cacheIt();
    await chown(file, 12_345, 12_345);
    await isIgnored({ isDeleted: true });
  });

  it("is not begun in a directory that others can reach", async () => {
    await mkdir(directory, { mode: 0o755 });
    await rejectsWithCode(begin(), "DIRECTORY_UNSAFE");
  });

  it("serves the secret at once, with the roots that came with it, and rotates when it would have", async () => {
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

  it("is private, holds the last secret alone, and is written anew for each", async () => {
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

  it("warns when its directory is not in memory, and only then", async () => {
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
