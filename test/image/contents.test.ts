import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { readText } from "../harness/chart/yaml.ts";
import { buildBelow, type UnpackedImage, unpackedImage } from "./hooks.ts";

/** A private key with its body; PEM parsers contain the header line, too. */
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----(\\n|\s)+[A-Za-z0-9+/=]{40}/;
const { version } = JSON.parse(readText("package.json"));
const pinned: string = JSON.parse(readText("scripts/pinned-node/digests.json")).version;

for (const name of ["server", "agent"] as const) {
  describe(`Image of the ${name}`, () => {
    let from: UnpackedImage;

    before(() => {
      from = unpackedImage(name);
    });

    const pathsThat = (isFound: (path: string) => boolean) =>
      from.entries.map(({ path }) => path).filter(isFound);

    it("contains no setuid or setgid file, and no world-writable file", () => {
      assert.ok(from.entries.length > (name === "server" ? 500 : 50));
      const lent = from.entries.filter(({ mode, kind }) => kind !== "symlink" && mode & 0o6002);
      assert.deepEqual(lent, []);
      const odd = from.entries.filter(({ kind }) => kind === "other");
      assert.deepEqual(odd, []);
    });

    it("contains a single native executable besides our commands: no shell and no package manager", async () => {
      const bin = pathsThat((path) => /(^|\/)s?bin\//.test(path) && !path.startsWith("opt/"));
      const commands = name === "server" ? ["kasbah", "kasbah-server"] : ["kasbah-agent"];
      assert.deepEqual(
        bin,
        [...commands, "node"].map((command) => `usr/local/bin/${command}`),
      );
      const programs = from.entries.filter(({ kind, mode }) => kind === "file" && mode & 0o111);
      const started: string[] = [];
      for (const { path } of programs) {
        const head = (await readFile(join(from.rootfs, path))).subarray(0, 4).toString("latin1");
        if (head === "\x7fELF" && !/\.so[.0-9]*$/.test(path)) started.push(path);
      }
      assert.deepEqual(started, ["usr/local/bin/node"]);
      const tools = /^(ba|da|z|k)?sh$|^busybox$|^(apt|apt-get|dpkg|npm|npx|corepack|yarn|env|perl|python3?)$/;
      assert.deepEqual(
        pathsThat((path) => tools.test(basename(path)) && path !== "var/lib/dpkg"),
        [],
      );
    });

    it("contains no keys, certificates or tests", async () => {
      assert.deepEqual(
        pathsThat((path) => /\.(pem|key|crt|cer|der|p12|pfx|jks)$|(^|\/)\.npmrc$|(^|\/)\.env$/.test(path)),
        [],
      );
      assert.deepEqual(
        pathsThat((path) => /\.(test|spec)\.[cm]?js$|\/(__tests__|testkit)\/|mocha|\.ts$|\.map$/.test(path)),
        [],
      );
      for (const { path, kind } of from.entries) {
        if (kind !== "file" || path === "usr/local/bin/node") continue;
        assert.doesNotMatch(await readFile(join(from.rootfs, path), "latin1"), privateKey, path);
      }
    });

    it("contains the target of every symbolic link", async () => {
      const links = from.entries.filter(({ kind }) => kind === "symlink");
      const known = new Set(from.entries.map(({ path }) => path));
      assert.ok(links.length > 3);
      for (const { path, target } of links) assert.ok(known.has(target ?? ""), `${path} -> ${target}`);
    });

    it("is described completely, package by package, by its bill of materials", async () => {
      const { components } = JSON.parse(await readFile(from.built.sbom, "utf8"));
      const listed = new Set((components as { purl: string }[]).map(({ purl }) => purl));
      assert.equal(listed.size, components.length);
      assert.ok(listed.has(`pkg:generic/node@${pinned}`));
      for (const purl of name === "server" ? await installedIn(from) : await bundledIn(from))
        assert.ok(listed.has(purl), purl);
      const debian = pathsThat((path) => path.startsWith("var/lib/dpkg/status.d/"));
      assert.equal([...listed].filter((purl) => purl.startsWith("pkg:deb/")).length, debian.length);
    });
  });
}

/** As listed by the package manifests next to the program. */
async function installedIn({ rootfs, entries }: UnpackedImage): Promise<readonly string[]> {
  const manifest = /(node_modules\/(@[^/]+\/)?|packages\/)[^/@]+\/package\.json$/;
  const paths = entries.map(({ path }) => path).filter((path) => manifest.test(path));
  assert.ok(paths.length > 50);
  const read = async (path: string) => JSON.parse(await readFile(join(rootfs, path), "utf8"));
  return (await Promise.all(paths.map(read))).map(({ name, version }) => purlOf(name, version));
}

/** As listed by the licenses that ship with the bundled files. */
async function bundledIn({ rootfs, entries }: UnpackedImage): Promise<readonly string[]> {
  const programs = entries.map(({ path }) => path).filter((path) => /^opt\/kasbah\/./.test(path));
  const others = programs.filter(
    (path) => !/^opt\/kasbah\/(?:kasbah-agent\.mjs|chunks\/?|chunks\/[\w-]+\.mjs)$/.test(path),
  );
  assert.ok(programs.includes("opt/kasbah/kasbah-agent.mjs"));
  assert.deepEqual(others, []);
  const licenses = await readFile(join(rootfs, "usr/share/doc/kasbah/LICENSES.txt"), "utf8");
  const listed = [...licenses.matchAll(/^(@?[\w./-]+) (\d+\.\d+\.\d+)$/gm)];
  assert.ok(listed.some(([, name]) => name === "node-cron"));
  return ["agent", "pki", "protocol", "runtime"]
    .map((name) => purlOf(`@kasbah/${name}`, version))
    .concat(listed.map(([, name = "", version = ""]) => purlOf(name, version)));
}

const purlOf = (name: string, version: string) => `pkg:npm/${name.replace("@", "%40")}@${version}`;

describe("Image build", function () {
  this.timeout(300_000);
  let directory: TemporaryDirectory;

  before(async () => {
    directory = await temporaryDirectory();
  });
  after(() => directory.remove());

  it("produces the same images when it is repeated in another directory", async () => {
    const again = await buildBelow(directory.join("elsewhere"));
    for (const { name, digest, sbom } of again) {
      const { built } = unpackedImage(name as "server" | "agent");
      assert.equal(digest, built.digest);
      assert.equal(await readFile(sbom, "utf8"), await readFile(built.sbom, "utf8"));
    }
  });
});
