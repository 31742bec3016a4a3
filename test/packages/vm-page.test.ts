import { existsSync } from "node:fs";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { provideTool } from "../../deploy/image/debian-packages.ts";
import { Machine, whyNoMachine } from "../harness/machine/machine.ts";
import { packages } from "../harness/machine/packages.ts";
import { blocksOf, runBlocks } from "../harness/machine/page.ts";

const page = "docs/vm.md";
/** Debian's servers and their libraries. */
const servers = [
  "nginx-common",
  "nginx",
  "haproxy",
  "liblua5.3-0",
  "libopentracing-c-wrapper0",
  "libopentracing1",
];

/** `ssh` and `scp` on a machine that is also the CA's. */
const ssh = '#!/bin/sh\nshift\ncd /root && exec sh -c "$*"\n';
const scp = '#!/bin/sh\nexec cp "$(echo "$1" | sed "s/^[^:]*://")" "$2"\n';

describe("Page docs/vm.md", function () {
  this.timeout(300_000);
  let machine: Machine;

  before(async function () {
    const missing =
      whyNoMachine() ??
      (existsSync("/etc/postgresql/15/main") ? undefined : "PostgreSQL 15 is not installed");
    if (missing !== undefined) {
      process.stdout.write(`      skipping: ${missing}\n`);
      this.skip();
    }
    machine = await Machine.boot();
  });
  after(() => machine?.[Symbol.asyncDispose]());

  it("every command succeeds on a machine with systemd, and prints what the page shows", async () => {
    for (const name of servers) await unpack(name);
    // What the scripts of the packages would do.
    await machine.run(
      "ldconfig && useradd --system haproxy && systemd-tmpfiles --create --prefix=/run/haproxy",
    );
    await machine.write("/usr/local/bin/ssh", ssh);
    await machine.write("/usr/local/bin/scp", scp);
    await machine.run("chmod +x /usr/local/bin/s* && echo '127.0.0.1 ca.example.internal' >> /etc/hosts");
    await machine.run("systemctl daemon-reload && systemctl start postgresql@15-main");
    await machine.install((await packages()).debian.file);
    await runBlocks(machine, blocksOf(page, "test/packages/vm-page.test.ts"));
  });

  /** Puts the files of a Debian package into the machine, which reaches no network. */
  async function unpack(name: string): Promise<void> {
    const { directory } = await provideTool(name, () => {});
    for (const top of await readdir(directory)) {
      if (top === "DEBIAN") continue;
      // /lib is a link to /usr/lib.
      const target = top === "lib" ? "/usr/lib" : `/${top}`;
      await cp(join(directory, top), machine.path(target), {
        recursive: true,
        verbatimSymlinks: true,
        force: true,
      });
    }
  }
});
