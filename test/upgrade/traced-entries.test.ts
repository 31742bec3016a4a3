import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { rawCall, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { provideReleases, type ReleaseChoice, type Releases, runCommand } from "../harness/release.ts";
import { storyTimeoutMs } from "./mesh.ts";
import { type CaSettings, createCaSettings, rootPathOf, startCa } from "./processes/ca.ts";
import { type Callers, createCallers, spiffeIdOf } from "./processes/callers.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const stored = new RegExp(`"referenceId":"[0-9a-f]{12}/${traceId}"`);

describe("The entries of traced calls, across releases", function () {
  this.timeout(storyTimeoutMs);
  let directory: TemporaryDirectory;
  let releases: Releases;
  let callers: Callers;
  let settings: CaSettings;

  before(async () => {
    directory = await temporaryDirectory();
    releases = await provideReleases(directory.join("previous"));
    callers = await createCallers(directory.join("callers"));
    settings = await createCaSettings({ stateDirectory: directory.join("state"), callers });
    // No collector listens there: the ledger does not depend on one.
    await issueWith("current", ["--otlp-endpoint", "http://127.0.0.1:9"]);
  });
  after(() => directory?.remove());

  /** Runs a CA, which issues one certificate and refuses one caller. */
  async function issueWith(release: ReleaseChoice, flags: readonly string[] = []): Promise<void> {
    await using ca = await startCa(releases[release], { ...settings, flags });
    const csr = createCertificateRequest(await createKeyPair("P-256"), parseSpiffeId(spiffeIdOf("web")));
    for (const validityDurationSeconds of [0, 7_776_001]) {
      const order = { csr, validityDurationSeconds, impersonatedIdentity: "", certSigner: "" };
      const authorization = `Bearer ${await callers.mint("web")}`;
      await rawCall({
        ...{ port: settings.address.port, ca: await readFile(rootPathOf(settings), "utf8") },
        ...{ path: createCertificate.path, body: createCertificate.request.encode(order) },
        headers: { authorization, traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
      });
    }
    await ca.stop();
  }

  const audit = (release: ReleaseChoice, ...argv: readonly string[]) =>
    runCommand(releases[release], "audit", ...argv, "--state-dir", settings.stateDirectory);

  it("are verified, and listed with both ids, by the previous release", async () => {
    assert.match(await audit("previous", "verify"), /every entry is as it was signed for/);
    const listed = await audit("previous", "tail", "--json", "--lines", "20");
    assert.equal(listed.split("\n").filter((line) => stored.test(line)).length, 2, listed);
    const holders = JSON.parse(await audit("previous", "who", spiffeIdOf("web"), "--json"));
    assert.equal(holders.certificates.length, 1);
  });

  it("stay valid when the previous release continues the ledger, and are found by their trace id afterwards", async () => {
    await issueWith("previous");
    for (const release of ["previous", "current"] as const) await audit(release, "verify");
    const { stateDirectory } = settings;
    // The previous release has indexed the entries of the new one, under references that contain the trace id.
    await rm(join(stateDirectory, "ledger/0/index.sqlite"));
    const found = JSON.parse(
      await runCommand(releases.current, "why", traceId, "--json", "--state-dir", stateDirectory),
    );
    assert.deepEqual([found.code, found.traceId], ["TTL_TOO_LONG", traceId]);
    const byReference = await runCommand(
      releases.current,
      ...["why", found.referenceId, "--state-dir", stateDirectory],
    );
    assert.match(byReference, new RegExp(`trace +${traceId}`));
  });
});
