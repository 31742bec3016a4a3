import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { run } from "../../../deploy/image/run.ts";
import { bytesIn } from "../../../deploy/image/trees/tree.ts";
import type { PackageContents } from "../build-packages.ts";
import { type Layout, sourceOf, writeIn, writeProgramTree } from "../program-tree.ts";
import { settleUnowned } from "../settle.ts";
import { changelogOf, controlOf, copyright } from "./control.ts";
import { debianVersion } from "./version.ts";

const layout: Layout = {
  programs: "usr/lib/kasbah",
  commands: "usr/bin",
  programsInShell: "/usr/lib/kasbah",
  units: "usr/lib/systemd/system",
  completions: {
    bash: "usr/share/bash-completion/completions",
    zsh: "usr/share/zsh/vendor-completions",
    fish: "usr/share/fish/vendor_completions.d",
  },
};
const documents = "usr/share/doc/kasbah";
const scripts = ["postinst", "prerm", "postrm"];

/** Writes the Debian package, and returns its path. The same contents give the same bytes. */
export async function writeDebianPackage(contents: PackageContents, maintainer: string): Promise<string> {
  const { workshop, architecture, ageSeconds } = contents;
  const version = debianVersion(contents.version);
  const tree = join(workshop, "tree");
  await writeProgramTree(tree, layout, contents);
  await writeConfiguration(tree);
  await writeDocuments(tree, contents, `kasbah (${version})`, maintainer);
  const kibibytes = Math.ceil((await bytesIn(tree)) / 1024);
  await writeControl(tree, controlOf({ version, architecture, maintainer, kibibytes }));
  await settleUnowned(tree, ageSeconds);
  const file = join(workshop, `kasbah_${version}_${architecture}.deb`);
  // Node compresses in seconds, and every dpkg reads it: xz takes a minute to save a third.
  const options = ["--root-owner-group", "-Zgzip", "-z6"];
  await run("dpkg-deb", [...options, "--build", tree, file], {
    env: { SOURCE_DATE_EPOCH: String(ageSeconds) },
  });
  return file;
}

async function writeConfiguration(tree: string): Promise<void> {
  const copy = async (name: string, to: string) =>
    writeIn(tree, to, await readFile(sourceOf("systemd", name)));
  await copy("server.env", "etc/kasbah/server.env");
  await copy("agent.env", join(documents, "examples/agent.env"));
  await copy("kasbah.sysusers.conf", "usr/lib/sysusers.d/kasbah.conf");
  await mkdir(join(tree, "etc/kasbah/agent"), { recursive: true });
}

async function writeDocuments(
  tree: string,
  { nodeLicense, ageSeconds }: PackageContents,
  release: string,
  maintainer: string,
): Promise<void> {
  await writeIn(tree, join(documents, "copyright"), copyright);
  await writeIn(tree, join(documents, "changelog.gz"), packed(changelogOf(release, maintainer, ageSeconds)));
  await writeIn(tree, join(documents, "LICENSE.node.gz"), packed(await readFile(nodeLicense)));
  for (const page of ["kasbah.1", "kasbah-server.8", "kasbah-agent.8"]) {
    const path = `usr/share/man/man${page.at(-1)}/${page}.gz`;
    await writeIn(tree, path, packed(await readFile(sourceOf("debian/man", page))));
  }
  await writeIn(
    tree,
    "usr/share/lintian/overrides/kasbah",
    await readFile(sourceOf("debian/lintian-overrides")),
  );
}

/** gzip of Node writes neither a name nor a time. */
function packed(text: string | Uint8Array): Uint8Array {
  return gzipSync(text, { level: 9 });
}

async function writeControl(tree: string, control: string): Promise<void> {
  const folder = join(tree, "DEBIAN");
  await mkdir(folder);
  await writeFile(join(folder, "control"), control);
  for (const name of ["conffiles", "templates", ...scripts]) {
    await copyFile(sourceOf("debian", name), join(folder, name));
    await chmod(join(folder, name), scripts.includes(name) ? 0o755 : 0o644);
  }
}
