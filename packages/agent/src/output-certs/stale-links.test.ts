import assert from "node:assert/strict";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { FileSet } from "./file-set.ts";

const fileOf = (name: string) => ({ name, bytes: `of ${name}`, mode: 0o600 });

describe("Output files after another format or name was configured", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  it("keep no link to a file that is no longer written, and lose no file of others", async () => {
    const set = new FileSet(directory.path);
    await writeFile(directory.join("dhparam.pem"), "of an operator");
    await symlink("/etc/hostname", directory.join("elsewhere"));
    await symlink("..data/other", directory.join("odd"));
    await set.publish([fileOf("key.pem"), fileOf("cert-chain.pem")]);
    await set.publish([fileOf("tls.key"), fileOf("cert-chain.pem")]);
    await set.prune(0);
    const names = (await readdir(directory.path)).filter((name) => !name.startsWith(".."));
    assert.deepEqual(names.toSorted(), ["cert-chain.pem", "dhparam.pem", "elsewhere", "odd", "tls.key"]);
    assert.equal(await readFile(directory.join("tls.key"), "utf8"), "of tls.key");
    assert.equal(await readFile(directory.join("dhparam.pem"), "utf8"), "of an operator");
  });
});
