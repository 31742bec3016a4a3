import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@kasbah/testkit";
import { provideTool } from "../../deploy/image/debian-packages.ts";
import { packages } from "../harness/machine/packages.ts";
import { assertCompletes } from "../harness/shells/completion-cases.ts";

const say = (line: string) => process.stdout.write(`      ${line}\n`);
const unpack = async (names: readonly string[]) => {
  const folders: string[] = [];
  for (const name of names) folders.push((await provideTool(name, say)).directory);
  return folders;
};

const print = (program: string, ...args: readonly string[]) =>
  execFileSync(program, args, { encoding: "utf8" });

describe("Completion in shells of Debian", function () {
  this.timeout(300_000);

  it("completes words, values and paths in a real zsh", async () => {
    await using folder = await temporaryDirectory();
    const [own = "", common = ""] = await unpack(["zsh", "zsh-common"]);
    await assertCompletes("zsh", { path: join(own, "bin/zsh"), unpacked: [own, common] }, folder.path);
  });

  it("completes words, values and paths in a real fish", async () => {
    await using folder = await temporaryDirectory();
    const [own = "", common = ""] = await unpack(["fish", "fish-common"]);
    await assertCompletes("fish", { path: join(own, "usr/bin/fish"), unpacked: [common] }, folder.path);
  });

  it("is where shells of Debian and of /usr/local look for it, for each command", async () => {
    await using folder = await temporaryDirectory();
    const { debian, tarball } = await packages();
    print("dpkg-deb", "--extract", debian.file, folder.join("debian"));
    print("tar", "-xzf", tarball.file, "--strip-components=1", "-C", folder.path);
    const share = { usr: folder.join("debian/usr/share"), local: folder.join("share") };
    for (const command of ["kasbah", "kasbah-server", "kasbah-agent"]) {
      for (const root of Object.values(share)) {
        const file = join(root, "bash-completion/completions", command);
        const loaded = print("bash", "-c", `. '${file}'; complete -p ${command}`);
        assert.equal(loaded, `complete -F _kasbah ${command}\n`);
        assert.match(
          readFileSync(join(root, `fish/vendor_completions.d/${command}.fish`), "utf8"),
          /__kasbah|source/,
        );
      }
    }
    for (const path of [join(share.usr, "zsh/vendor-completions"), join(share.local, "zsh/site-functions")])
      assert.match(
        readFileSync(join(path, "_kasbah"), "utf8"),
        /^#compdef kasbah kasbah-server kasbah-agent\n/,
      );
  });
});
