import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { DaemonProcess } from "../harness/daemon-process.ts";
import { createPastCa } from "../harness/past-ca.ts";
import { provideReleases, type ReleaseChoice, type Releases, runCommand } from "../harness/release.ts";
import { saveIssuer } from "../harness/token-issuer.ts";

/** States on which the previous release refuses to start. Both releases write the same format. */
describe("a state on which the previous release does not start", function () {
  this.timeout(180_000);
  let directory: TemporaryDirectory;
  let releases: Releases;
  let callers: readonly string[];
  let state: string;
  let server: DaemonProcess | undefined;

  before(async () => {
    directory = await temporaryDirectory();
    releases = await provideReleases(directory.join("releases"));
    ({ flags: callers } = await saveIssuer(directory.join("issuer")));
  });
  after(() => directory?.remove());
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  async function start(release: ReleaseChoice): Promise<DaemonProcess> {
    await server?.stop();
    const addresses = ["--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];
    const flags = ["--state-dir", state, "--log-format", "json", ...addresses, ...callers];
    server = new DaemonProcess(`kasbah-server (${release})`, [releases[release].server, ...flags], {});
    return server;
  }
  const refusal = async () =>
    JSON.stringify((await (await start("previous")).logged("start failed"))["error"]);
  const kasbah = (release: ReleaseChoice, ...argv: string[]) =>
    runCommand(releases[release], ...argv, "--state-dir", state);

  it("starts with the new release if its intermediate expired while rotations were paused, and with the old one afterwards", async () => {
    state = directory.join("paused");
    const past = await createPastCa(state, 400);
    await past.driver.pause();
    assert.match(await refusal(), /ISSUER_UNAVAILABLE/);
    await (await start("current")).untilReady();
    const after = await start("previous");
    await after.untilReady();
    const { authorities, paused } = JSON.parse(await kasbah("previous", "authority", "list", "--json"));
    assert.equal(paused, true);
    assert.ok(authorities.some(({ id, signs }: Listed) => id === "intermediate-2" && signs));
  });

  it("starts with the new release if its root has expired, after a command on the stopped CA, with a ledger that both releases read", async () => {
    state = directory.join("root");
    await createPastCa(state, 3700);
    assert.match(await refusal(), /AUTHORITY_EXPIRED/);
    await server?.stop();
    await kasbah("current", "authority", "rotate", "--root");
    await (await start("current")).untilReady();
    await (await start("previous")).untilReady();
    await server?.stop();
    for (const release of ["previous", "current"] as const) {
      await kasbah(release, "audit", "verify");
      const tail = await kasbah(release, "audit", "tail");
      assert.match(tail, /rotate accepted/);
      assert.match(
        tail,
        release === "previous" ? /issue-serving-certificate accepted/ : /serving {4}localhost/,
      );
    }
  });
});

interface Listed {
  readonly id: string;
  readonly signs: boolean;
}
