import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { run } from "../../../deploy/image/run.ts";
import type { PackageContents } from "../build-packages.ts";
import { type Layout, sourceOf, writeIn, writeProgramTree } from "../program-tree.ts";
import { settleUnowned } from "../settle.ts";

/** The commands find the programs beside them, wherever the tarball is unpacked. */
const layout: Layout = {
  programs: "lib/kasbah",
  commands: "bin",
  programsInShell: '$(dirname -- "$(readlink -f -- "$0")")/../lib/kasbah',
  units: "systemd",
  completions: {
    bash: "share/bash-completion/completions",
    zsh: "share/zsh/site-functions",
    fish: "share/fish/vendor_completions.d",
  },
};

/** Writes the tarball, and returns its path. The same contents give the same bytes. */
export async function writeTarball(contents: PackageContents): Promise<string> {
  const { workshop, version, architecture, ageSeconds } = contents;
  const name = `kasbah-${version}-linux-${architecture}`;
  const tree = join(workshop, name);
  await writeProgramTree(tree, layout, contents);
  for (const file of ["server.env", "agent.env", "kasbah.sysusers.conf"])
    await writeIn(tree, join("systemd", file), await readFile(sourceOf("systemd", file)));
  await writeIn(tree, "README.md", await readFile(sourceOf("tarball/README.md")));
  await writeIn(tree, "install.sh", await readFile(sourceOf("tarball/install.sh")), 0o755);
  await writeIn(tree, "LICENSE", await readFile(join(contents.release, "LICENSE")));
  await writeIn(tree, "LICENSE.node", await readFile(contents.nodeLicense));
  await settleUnowned(tree, ageSeconds);
  const plain = join(workshop, "plain.tar");
  const owner = ["--owner=0", "--group=0", "--numeric-owner"];
  await run("tar", ["--create", "--format=gnu", "--sort=name", ...owner, "--file", plain, name], {
    cwd: workshop,
  });
  const file = join(workshop, `${name}.tar.gz`);
  await writeFile(file, await promisify(gzip)(await readFile(plain), { level: 6 }));
  return file;
}
