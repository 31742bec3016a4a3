import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { TrustBundle } from "@kasbah/pki";
import {
  createTestAuthority,
  type RecordingLogger,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { HeldRoots } from "./held-roots.ts";

describe("HeldRoots", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let logger: RecordingLogger;
  let roots: HeldRoots;
  let a: TestAuthority;
  let b: TestAuthority;
  let c: TestAuthority;

  before(async () => {
    [a, b, c] = await Promise.all([
      createTestAuthority("A"),
      createTestAuthority("B"),
      createTestAuthority("C"),
    ]);
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("root-cert.pem");
    logger = recordingLogger();
    roots = new HeldRoots(path, logger);
  });
  afterEach(() => directory.remove());

  const bundle = (...authorities: TestAuthority[]) =>
    TrustBundle.from(authorities.map((one) => one.certificate));

  it("throws ROOTS_UNREADABLE if the root file is missing, empty, malformed or contains no CA", async () => {
    const isUnreadable = async (reason: RegExp) => {
      const { message } = await rejectsWithCode(roots.load(), "ROOTS_UNREADABLE");
      assert.ok(message.startsWith(`cannot read the CA's roots in ${path}: `), message);
      assert.match(message, reason);
    };
    await isUnreadable(/does not exist \(ENOENT\); mount them there, or set --ca-root/);
    const leaf = await a.issue({ publicKey: a.keyPair.publicKey, names: [{ kind: "dns", value: "x" }] });
    const contents: readonly (readonly [string | Uint8Array, RegExp])[] = [
      ["", /it is empty/],
      ["rubbish", /no PEM block/],
      [leaf.toPem(), /block 1 \(line 1, SHA-256 [0-9a-f]{64}\): it is not a CA/],
      [a.certificate.der, /it is DER: convert it to PEM/],
      [a.rootPem.replace("M", "*"), /block 1 \(line 1\): .* not base64/],
      ["x".repeat(1024 * 1024 + 1), /larger than 1048576 bytes/],
    ];
    for (const [content, reason] of contents) {
      await writeFile(path, content);
      await isUnreadable(reason);
    }
  });

  it("reads the root file again for each call", async () => {
    await writeFile(path, a.rootPem);
    assert.ok((await roots.load()).equals(bundle(a)));
    await writeFile(path, b.rootPem);
    assert.ok((await roots.load()).equals(bundle(b)));
  });

  it("keeps the previous roots and logs a warning if the root file disappears or becomes malformed", async () => {
    await writeFile(path, a.rootPem);
    await roots.load();
    await writeFile(path, "rubbish");
    assert.ok((await roots.load()).equals(bundle(a)));
    await rm(path);
    assert.ok((await roots.load()).equals(bundle(a)));
    assert.equal(logger.events.length, 2);
  });

  it("trusts the roots of the file and those learned last, which replace earlier ones", async () => {
    await writeFile(path, a.rootPem);
    await roots.load();
    roots.learn(bundle(b));
    assert.ok((await roots.load()).equals(bundle(a, b)));
    assert.ok(roots.with(bundle(c)).equals(bundle(a, c)));
    roots.learn(bundle(c));
    assert.ok((await roots.load()).equals(bundle(a, c)));
  });

  it("trusts only the roots learned last if the agent writes the root file itself, so that a retired root disappears", async () => {
    const renewed = new HeldRoots(path, logger, { isOurOutput: true });
    await writeFile(path, a.rootPem);
    assert.ok((await renewed.load()).equals(bundle(a)));
    renewed.learn(bundle(a, b));
    await writeFile(path, a.rootPem + b.rootPem);
    assert.ok((await renewed.load()).equals(bundle(a, b)));
    assert.ok(renewed.with(bundle(b)).equals(bundle(b)));
    renewed.learn(bundle(b));
    assert.ok((await renewed.load()).equals(bundle(b)));
  });
});
