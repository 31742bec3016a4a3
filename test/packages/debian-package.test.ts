import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { relative } from "node:path";
import { temporaryDirectory } from "@kasbah/testkit";
import { whyNoDebian } from "../../deploy/image/debian-packages.ts";
import { findPinnedNode } from "../../deploy/image/pinned-node.ts";
import { packages, runPackage } from "../harness/machine/packages.ts";
import { assertLooksLike, blocksOf, commandsOf } from "../harness/machine/page.ts";
import { repositoryRoot } from "../harness/repository.ts";

const print = (program: string, ...args: readonly string[]) =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

describe("Packages of npm run package", function () {
  this.timeout(300_000);

  before(function () {
    const missing = whyNoDebian();
    if (missing === undefined) return;
    process.stdout.write(`      skipping: ${missing}\n`);
    this.skip();
  });

  it("have the same bytes for the same commit, and the build prints what docs/packages.md shows", async () => {
    const { debian, tarball } = await packages();
    await using directory = await temporaryDirectory();
    const printed = await runPackage("--out", directory.path);
    const digests = [...printed.matchAll(/sha256 {2}([0-9a-f]{64})/g)].map(([, digest]) => digest);
    assert.deepEqual(digests, [debian.sha256, tarball.sha256]);
    const [block] = blocksOf("docs/packages.md", "test/packages/debian-package.test.ts").flatMap(commandsOf);
    const folder = relative(repositoryRoot, directory.path);
    assertLooksLike(printed.replaceAll(folder, "out").trimEnd(), block?.output ?? "", "npm run package");
  });

  it("are refused in one sentence if the command line or the folder is invalid", async () => {
    await assert.rejects(
      runPackage("--out", "package.json/out"),
      /^ImageError: sh failed: package: ENOTDIR: [^\n]*package\.json\/out.$/,
    );
    await assert.rejects(
      runPackage("--fast"),
      /^ImageError: sh failed: package: Unknown option '--fast'[^\n]*; see --help$/,
    );
  });

  it("belong to root, and only the owner can write their files", async () => {
    const { debian, tarball } = await packages();
    const lists = [print("dpkg-deb", "--contents", debian.file), print("tar", "-tvzf", tarball.file)];
    for (const list of lists) {
      const lines = list.trimEnd().split("\n");
      const others = lines.filter((line) => !/^[-d]rw[x-]r-[x-]r-[x-] (root\/root|0\/0) /.test(line));
      assert.deepEqual(others, []);
      assert.ok(lines.length > 20);
    }
  });

  it("name every Debian package whose libraries Node is linked with", async () => {
    const { debian } = await packages();
    const { binary } = await findPinnedNode(repositoryRoot);
    const libraries = [...print("ldd", binary).matchAll(/(?:=> )?(\/\S+) \(/g)].map(([, path = ""]) => path);
    assert.ok(libraries.length > 5);
    const owners = new Set(libraries.map(ownerOf));
    const depends = print("dpkg-deb", "--field", debian.file, "Depends").split(/, | \| |\n/);
    const named = depends.map((each) => each.split(" ")[0]);
    assert.deepEqual(
      [...owners].filter((owner) => !named.includes(owner)),
      [],
    );
  });
});

/** The package of a library. Debian lists it below `/lib`, which is a link on newer systems. */
function ownerOf(library: string): string {
  const real = realpathSync(library);
  for (const path of [real, real.replace(/^\/usr/, "")]) {
    try {
      return print("dpkg-query", "--search", path).split(":")[0] ?? "";
    } catch {
      // The other path may be listed.
    }
  }
  return library;
}
