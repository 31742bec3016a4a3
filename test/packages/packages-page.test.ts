import { Machine, whyNoMachine } from "../harness/machine/machine.ts";
import { packages, repackAs } from "../harness/machine/packages.ts";
import { blocksOf, runBlocks } from "../harness/machine/page.ts";

describe("Page docs/packages.md", function () {
  this.timeout(300_000);
  let machine: Machine;

  before(async function () {
    const missing = whyNoMachine();
    if (missing !== undefined) {
      process.stdout.write(`      skipping: ${missing}\n`);
      this.skip();
    }
    machine = await Machine.boot();
  });
  after(() => machine?.[Symbol.asyncDispose]());

  it("every command for a machine succeeds, and prints what the page shows", async () => {
    const { debian, tarball } = await packages();
    await machine.copyIn(debian.file, "/root/kasbah_0.1.0_amd64.deb");
    await machine.copyIn(await repackAs("0.2.0", debian), "/root/kasbah_0.2.0_amd64.deb");
    await machine.copyIn(tarball.file, "/root/kasbah-0.1.0-linux-amd64.tar.gz");
    await runBlocks(machine, blocksOf("docs/packages.md", "test/packages/packages-page.test.ts"));
  });
});
