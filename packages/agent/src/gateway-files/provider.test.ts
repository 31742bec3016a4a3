import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createKeyPair } from "@kasbah/pki";
import { systemClock, type WatchDirectory, watchDirectory } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  FakeClock,
  mountKubeletVolume,
  recordingLogger,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import type { AgentError } from "../errors.ts";
import { AllowedDirectories } from "./allowed-directories.ts";
import { GenerationReader } from "./generation-reader.ts";
import type { FileFacts } from "./health/file-facts.ts";
import { FileProvider, type FileProviderDeps } from "./provider.ts";

interface Pair {
  readonly cert: string;
  readonly key: string;
}

const kubeletNames = ({ cert, key }: Pair) => ({ "tls.crt": cert, "tls.key": key });

describe("FileProvider", () => {
  let authority: TestAuthority;
  let pairs: readonly Pair[];
  let home: TemporaryDirectory;
  let provider: FileProvider;
  let failures: { name: string; error: AgentError }[];
  let served: { name: string; facts: FileFacts }[];

  const mint = async (): Promise<Pair> => {
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "dns", value: "shop.example.com" }] as const;
    const leaf = await authority.issue({ publicKey: keyPair.publicKey, names });
    return { cert: leaf.toPem(), key: keyPair.toPkcs8Pem() };
  };
  const pair = (index: number): Pair => pairs[index % pairs.length] ?? assert.fail();

  before(async () => {
    authority = await createTestAuthority();
    pairs = await Promise.all(Array.from({ length: 7 }, mint));
  });
  beforeEach(async () => {
    home = await temporaryDirectory();
    failures = [];
    served = [];
    create();
  });
  afterEach(async () => {
    await provider.stop();
    await home.remove();
  });

  function create(changes: Partial<FileProviderDeps> = {}): void {
    provider = new FileProvider({
      directories: new AllowedDirectories([home.path], []),
      observer: {
        onServed: (name, facts) => served.push({ name, facts }),
        onFailure: (name, error) => failures.push({ name, error }),
      },
      watchDirectory,
      clock: systemClock,
      logger: recordingLogger(),
      ...changes,
    });
  }
  const nameOf = (directory: string, cert = "tls.crt", key = "tls.key") =>
    `file-cert:${home.join(directory, cert)}~${home.join(directory, key)}`;
  const write = async (directory: string, { cert, key }: Pair) => {
    await mkdir(home.join(directory), { recursive: true });
    await writeFile(home.join(directory, "tls.crt"), cert);
    await writeFile(home.join(directory, "tls.key"), key);
  };
  const chainOf = (name: string): string | undefined => {
    const secret = provider.current(name)?.secret;
    if (secret?.kind !== "tlsCertificate") return undefined;
    const chain = Buffer.from(secret.certificateChain).toString();
    const key = createPrivateKey(Buffer.from(secret.privateKey));
    assert.ok(new X509Certificate(chain).checkPrivateKey(key), "not a pair");
    return chain;
  };
  const isServed = (name: string, expected: Pair) => eventually(() => chainOf(name) === expected.cert);

  it("serves nothing if the files are missing, not a pair, outside or too many, and reports the reason", async () => {
    await write("mixed", { cert: pair(0).cert, key: pair(1).key });
    const outside = "file-root:/etc/hostname";
    for (const name of [nameOf("missing"), nameOf("mixed"), outside]) provider.watch(name, () => {});
    await eventually(() => failures.length === 3);
    const codes = Object.fromEntries(failures.map(({ name, error }) => [name, error.code]));
    assert.deepEqual(codes, {
      [nameOf("missing")]: "FILE_UNREADABLE",
      [nameOf("mixed")]: "FILE_INVALID",
      [outside]: "FILE_REFUSED",
    });
    for (const name of Object.keys(codes)) assert.equal(provider.current(name), undefined);
    for (let i = 0; i < 2_000; i += 1) provider.watch(`file-root:${home.join(`root-${i}`)}`, () => {});
    assert.equal(failures.at(-1)?.error.code, "FILE_REFUSED");
  });

  it("makes names beyond the limit wait, reports that once, and serves them when another name is unsubscribed", async () => {
    await write("shop", pair(0));
    const invented = Array.from({ length: 2_000 }, (_, i) => `file-root:${home.join(`root-${i}`)}`);
    const leave = invented.map((name) => provider.watch(name, () => {}));
    await eventually(() => failures.length === invented.length);
    let pushes = 0;
    const unwatch = Array.from({ length: 50 }, () =>
      provider.watch(nameOf("shop"), () => {
        pushes += 1;
      }),
    );
    assert.equal(failures.filter(({ error }) => error.code === "FILE_REFUSED").length, 1);
    unwatch.pop()?.();
    leave[7]?.();
    await isServed(nameOf("shop"), pair(0));
    await eventually(() => pushes === 49);
  });

  it("keeps the last valid pair while a new one is half written, missing, empty or invalid", async () => {
    await write("shop", pair(0));
    let pushes = 0;
    provider.watch(nameOf("shop"), () => {
      pushes += 1;
    });
    await isServed(nameOf("shop"), pair(0));
    for (const half of [
      { cert: pair(1).cert, key: pair(0).key },
      { cert: "", key: "" },
      { cert: pair(1).cert, key: pair(1).key.slice(0, 80) },
    ]) {
      const before = failures.length;
      await write("shop", half);
      await eventually(() => failures.length > before);
      assert.equal(chainOf(nameOf("shop")), pair(0).cert);
    }
    const [since] = provider.reports().map(({ failure }) => failure?.since);
    await rm(home.join("shop"), { recursive: true });
    await eventually(() => failures.at(-1)?.error.code === "FILE_UNREADABLE");
    const [report] = provider.reports();
    assert.equal(report?.served?.serial, new X509Certificate(pair(0).cert).serialNumber.toLowerCase());
    assert.deepEqual([report?.failure?.code, report?.failure?.since], ["FILE_UNREADABLE", since]);
    assert.equal(chainOf(nameOf("shop")), pair(0).cert);
    assert.equal(pushes, 1);
    await write("shop", pair(1));
    await isServed(nameOf("shop"), pair(1));
    assert.equal(provider.reports()[0]?.failure, undefined);
  });

  it("reports a name as long as a client is subscribed to it, and counts those that wait", async () => {
    await write("shop", pair(0));
    const leave = provider.watch(nameOf("shop"), () => {});
    await isServed(nameOf("shop"), pair(0));
    assert.deepEqual(
      provider.reports().map(({ name }) => name),
      [nameOf("shop")],
    );
    leave();
    assert.deepEqual(provider.reports(), []);
    for (let i = 0; i < 2_003; i += 1) provider.watch(`file-root:${home.join(`root-${i}`)}`, () => {});
    assert.equal(provider.waiting, 3);
  });

  it("reports nothing about names whose files it still reads when it stops", async () => {
    for (let i = 0; i < 100; i += 1) provider.watch(`file-root:${home.join(`root-${i}`)}`, () => {});
    await provider.stop();
    const before = failures.length;
    create();
    provider.watch(nameOf("missing"), () => {});
    await eventually(() => failures.some(({ name }) => name === nameOf("missing")));
    assert.equal(failures.length, before + 1);
  });

  it("serves a pair whose first file was read before the second existed", async () => {
    await mkdir(home.join("shop"));
    await writeFile(home.join("shop/tls.crt"), pair(0).cert);
    provider.watch(nameOf("shop"), () => {});
    await eventually(() => failures.length === 1);
    await writeFile(home.join("shop/tls.key"), pair(0).key);
    await isServed(nameOf("shop"), pair(0));
  });

  it("serves the last of a thousand swaps by the kubelet, and a matching pair at every moment", async () => {
    const volume = await mountKubeletVolume(home.join("shop"), kubeletNames(pair(0)));
    const pushed: (string | undefined)[] = [];
    provider.watch(nameOf("shop"), () => pushed.push(chainOf(nameOf("shop"))));
    for (let i = 1; i <= 1_000; i += 1) {
      await volume.swap(kubeletNames(pair(i)));
      // The watch waits for a quiet period, so it pauses now and then.
      if (i % 100 === 0) await isServed(nameOf("shop"), pair(i));
    }
    assert.equal(pushed.at(-1), pair(1_000).cert);
    assert.ok(pushed.length >= 10, `${pushed.length} pushes`);
    // A read that overlaps several swaps fails and is repeated; no read may see halves of two pairs.
    const halves = failures.filter(({ error }) => error.code !== "FILE_UNREADABLE");
    assert.deepEqual(halves, []);
  });

  it("reads one generation even if a thousand swaps happen between the reads", async () => {
    const volume = await mountKubeletVolume(home.join("shop"), { a: "0", b: "0" });
    const reader = new GenerationReader(new AllowedDirectories([home.path], []));
    let isDone = false;
    const torn: string[] = [];
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isDone) {
        const both = await reader
          .readTogether([home.join("shop/a"), home.join("shop/b")])
          // Five swaps in a row during one read make it fail, and it is repeated.
          .catch((error: AgentError) => assert.equal(error.code, "FILE_UNREADABLE"));
        const [a = "", b = ""] = (both ?? []).map(String);
        if (a !== b) torn.push(`${a} ${b}`);
        seen.add(a);
      }
    })();
    try {
      for (let i = 1; i <= 1_000; i += 1) await volume.swap({ a: String(i), b: String(i) });
    } finally {
      isDone = true;
      await reading;
    }
    assert.deepEqual(torn, []);
    assert.ok(seen.size > 20, `only ${seen.size} generations`);
  });

  it("follows a rewrite in place, successive renames and a replaced directory", async () => {
    await write("shop", pair(0));
    provider.watch(nameOf("shop"), () => {});
    await isServed(nameOf("shop"), pair(0));
    await write("shop", pair(1));
    await isServed(nameOf("shop"), pair(1));
    await write("next", pair(2));
    await rename(home.join("next/tls.crt"), home.join("shop/tls.crt"));
    await systemClock.sleep(150);
    await rename(home.join("next/tls.key"), home.join("shop/tls.key"));
    await isServed(nameOf("shop"), pair(2));
    await write("other", pair(3));
    await rename(home.join("shop"), home.join("old"));
    await rename(home.join("other"), home.join("shop"));
    await isServed(nameOf("shop"), pair(3));
  });

  it("follows the targets of links, and a certificate and key in two directories", async () => {
    await write("archive", pair(0));
    await mkdir(home.join("live"));
    await mkdir(home.join("keys"));
    await symlink("../archive/tls.crt", home.join("live/tls.crt"));
    await symlink("../archive/tls.key", home.join("keys/tls.key"));
    const name = `file-cert:${home.join("live/tls.crt")}~${home.join("keys/tls.key")}`;
    provider.watch(name, () => {});
    await isServed(name, pair(0));
    await write("archive", pair(1));
    await isServed(name, pair(1));
  });

  it("pushes nothing if the same bytes are written again or the text around the blocks changes", async () => {
    await write("shop", pair(0));
    let pushes = 0;
    provider.watch(nameOf("shop"), () => {
      pushes += 1;
    });
    await isServed(nameOf("shop"), pair(0));
    await write("shop", { cert: `# again\n${pair(0).cert}`, key: pair(0).key });
    await write("bell", pair(1));
    provider.watch(nameOf("bell"), () => {});
    await isServed(nameOf("bell"), pair(1));
    await systemClock.sleep(500);
    assert.equal(pushes, 1);
    assert.deepEqual(
      served.map(({ name }) => name),
      [nameOf("shop"), nameOf("bell")],
    );
  });

  it("serves roots, including the operating system's", async () => {
    await writeFile(home.join("root.pem"), authority.rootPem);
    const name = `file-root:${home.join("root.pem")}`;
    provider.watch(name, () => {});
    await eventually(() => provider.current(name) !== undefined);
    const secret = provider.current(name)?.secret;
    assert.ok(secret?.kind === "validationContext" && secret.name === name);
    assert.equal(Buffer.from(secret.trustedCa).toString(), authority.rootPem);
  });

  it("keeps a name for a grace period after its last subscriber, then stops watching it", async () => {
    const open = new Set<string>();
    const counted: WatchDirectory = (directory, hint) => {
      const watcher = watchDirectory(directory, hint);
      open.add(directory);
      const close = () => {
        open.delete(directory);
        watcher.close();
      };
      return { close };
    };
    const clock = new FakeClock();
    create({ clock, watchDirectory: counted, graceMs: 60_000 });
    await write("shop", pair(0));
    const leave = [provider.watch(nameOf("shop"), () => {}), provider.watch(nameOf("shop"), () => {})];
    await isServed(nameOf("shop"), pair(0));
    for (const one of leave) one();
    await clock.runFor(59_000);
    assert.equal(chainOf(nameOf("shop")), pair(0).cert);
    const back = provider.watch(nameOf("shop"), () => {});
    await clock.runFor(600_000);
    assert.equal(chainOf(nameOf("shop")), pair(0).cert);
    assert.deepEqual([...open], [home.join("shop")]);
    back();
    await clock.runFor(60_000);
    assert.equal(provider.current(nameOf("shop")), undefined);
    await eventually(() => open.size === 0);
  });

  it("reports the skipped roots of a name each time they change, and none once the name is released", async () => {
    const clock = new FakeClock();
    const skipped: number[] = [];
    const observer = {
      onServed: () => undefined,
      onFailure: () => undefined,
      onSkippedRoots: (_: string, blocks: readonly unknown[]) => void skipped.push(blocks.length),
    };
    create({ clock, observer, graceMs: 60_000 });
    const path = home.join("roots.pem");
    await writeFile(
      path,
      `${authority.rootPem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    );
    const leave = provider.watch(`file-root:${path}`, () => {});
    await eventually(() => skipped.at(-1) === 1);
    await writeFile(path, authority.rootPem);
    await eventually(async () => {
      await clock.runFor(1_000);
      return skipped.at(-1) === 0;
    });
    leave();
    const { length } = skipped;
    await clock.runFor(60_000);
    await eventually(() => skipped.length > length);
    assert.equal(skipped.at(-1), 0);
  });

  it("uses one watch for two hundred names of a directory", async () => {
    let [now, most] = [0, 0];
    const counted: WatchDirectory = (directory, hint) => {
      const watcher = watchDirectory(directory, hint);
      most = Math.max(most, ++now);
      const close = () => {
        now -= 1;
        watcher.close();
      };
      return { close };
    };
    create({ watchDirectory: counted });
    await mkdir(home.join("shop"));
    const names = Array.from({ length: 200 }, (_, i) => nameOf("shop", `${i}.crt`, `${i}.key`));
    for (const [i] of names.entries()) {
      await writeFile(home.join(`shop/${i}.crt`), pair(i).cert);
      await writeFile(home.join(`shop/${i}.key`), pair(i).key);
    }
    for (const name of names) provider.watch(name, () => {});
    for (const [i, name] of names.entries()) await isServed(name, pair(i));
    await writeFile(home.join("shop/7.crt"), pair(6).cert);
    await writeFile(home.join("shop/7.key"), pair(6).key);
    await isServed(names[7] ?? "", pair(6));
    assert.equal(most, 1);
  });

  it("follows every change within ten seconds if the machine has no inotify watches left (row 32)", async () => {
    const none: WatchDirectory = () => {
      throw Object.assign(new Error("ENOSPC: System limit for number of file watchers reached"), {
        code: "ENOSPC",
      });
    };
    const clock = new FakeClock();
    create({ clock, watchDirectory: none });
    const volume = await mountKubeletVolume(home.join("shop"), kubeletNames(pair(0)));
    provider.watch(nameOf("shop"), () => {});
    await isServed(nameOf("shop"), pair(0));
    for (let i = 1; i <= 3; i += 1) {
      // Earlier notifications have been handled.
      await clock.runFor(10_000);
      await volume.swap(kubeletNames(pair(i)));
      const from = clock.monotonicMs();
      await eventually(async () => {
        await clock.runFor(20);
        return chainOf(nameOf("shop")) === pair(i).cert;
      });
      assert.ok(clock.monotonicMs() - from <= 10_000, `${clock.monotonicMs() - from} ms`);
    }
  });

  it("keeps serving while links are swapped, missing, empty, replaced by a directory and half written (row 22)", async () => {
    const volume = await mountKubeletVolume(home.join("shop"), kubeletNames(pair(0)));
    provider.watch(nameOf("shop"), () => {});
    await isServed(nameOf("shop"), pair(0));
    const data = home.join("shop/..data");
    await volume.swap(kubeletNames({ cert: "", key: "" }));
    await eventually(() => failures.at(-1)?.error.code === "FILE_INVALID");
    await rm(data);
    await eventually(() => failures.at(-1)?.error.code === "FILE_UNREADABLE");
    await mkdir(home.join("shop/..data/tls.crt"), { recursive: true });
    await mkdir(home.join("shop/..data/tls.key"));
    await eventually(() => failures.at(-1)?.error.code === "FILE_REFUSED");
    assert.equal(chainOf(nameOf("shop")), pair(0).cert);
    await rm(data, { recursive: true });
    await volume.swap(kubeletNames(pair(1)));
    await isServed(nameOf("shop"), pair(1));
  });
});
