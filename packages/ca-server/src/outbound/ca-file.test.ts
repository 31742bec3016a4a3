import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { createTestAuthority, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { readCaFile } from "./ca-file.ts";
import { readSharedFile } from "./shared-file.ts";

describe("readCaFile", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let pem: string;

  before(async () => {
    pem = (await createTestAuthority()).certificate.toPem();
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("ca.crt");
  });
  afterEach(() => directory.remove());

  it("returns the readable roots of a file, and those of its next content from then on", async () => {
    const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    await writeFile(path, `${broken}${pem}`);
    assert.equal(await readCaFile(path), pem);
    assert.equal(await readCaFile(path), pem);
    const next = (await createTestAuthority()).certificate.toPem();
    await writeFile(directory.join("next"), next);
    await rename(directory.join("next"), path);
    assert.equal(await readCaFile(path), next);
  });

  it("returns the text of a file without a readable root, so that no server is trusted", async () => {
    await writeFile(path, "no certificate");
    assert.equal(await readCaFile(path), "no certificate");
    await writeFile(path, pem);
    assert.equal(await readCaFile(path), pem);
  });

  it("fails for a missing file, and succeeds once it exists", async () => {
    await Promise.all([1, 2].map(() => assert.rejects(readCaFile(path), { code: "ENOENT" })));
    await writeFile(path, pem);
    assert.equal(await readCaFile(path), pem);
  });

  it("reads a file once for concurrent callers, and again for later ones", async () => {
    await writeFile(path, "first");
    const [one, other] = [readSharedFile(path), readSharedFile(path)];
    assert.equal(one, other, "one read");
    assert.equal(await one, "first");
    await writeFile(path, "second");
    assert.equal(await readSharedFile(path), "second");
  });
});
