import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { provideReleases, type Releases } from "../harness/release.ts";
import { fetchLeaf, type ReceivedLeaf } from "../harness/sds-client.ts";
import { patienceMs } from "../harness/until.ts";
import { storyTimeoutMs } from "./mesh.ts";
import { createAgentSettings, startAgent } from "./processes/agent.ts";
import { type CaSettings, createCaSettings, startCa } from "./processes/ca.ts";
import { createCallers } from "./processes/callers.ts";
import type { Daemon } from "./processes/daemon.ts";

describe("the files of an agent", function () {
  this.timeout(storyTimeoutMs);
  let directory: TemporaryDirectory;
  let releases: Releases;
  let caSettings: CaSettings;
  let ca: Daemon;

  before(async () => {
    directory = await temporaryDirectory();
    releases = await provideReleases(directory.join("previous"));
    const callers = await createCallers(directory.join("callers"));
    caSettings = await createCaSettings({ stateDirectory: directory.join("ca"), callers });
  });
  beforeEach(async () => {
    ca = await startCa(releases.current, caSettings);
  });
  afterEach(() => ca?.kill());
  after(() => directory?.remove());

  for (const [writer, reader] of [
    ["previous", "current"],
    ["current", "previous"],
  ] as const) {
    it(`the ${reader} agent serves the secret that the ${writer} agent cached when no CA answers`, async () => {
      const home = directory.join(`cache-of-${writer}`);
      const flags = ["--cache-dir", join(home, "cache"), "--output-certs", join(home, "certs")];
      const settings = await createAgentSettings("web", { directory: home, ca: caSettings, flags });
      await using first = await startAgent(releases[writer], settings).ready();
      const cached = await fetchLeaf(settings.sdsSocket);
      await untilShown(join(home, "certs"), cached.leaf.serialNumber);
      await first.stop();
      await ca.stop();
      await using second = await startAgent(releases[reader], settings).ready();
      const served = await (reader === "previous" ? fetchLeafOnceListening : fetchLeaf)(settings.sdsSocket);
      assert.equal(served.leaf.serialNumber, cached.leaf.serialNumber);
      assert.equal(served.key, cached.key);
      await untilShown(join(home, "certs"), cached.leaf.serialNumber);
      await second.stop();
    });

    it(`the ${reader} agent takes over the output directory of a killed ${writer} agent at once`, async () => {
      const home = directory.join(`killed-${writer}`);
      const certs = join(home, "certs");
      const place = { directory: home, ca: caSettings };
      const settings = await createAgentSettings("web", { ...place, flags: ["--output-certs", certs] });
      await using first = await startAgent(releases[writer], settings).ready();
      await untilShown(certs, (await fetchLeaf(settings.sdsSocket)).leaf.serialNumber);
      await first.kill();
      assert.equal((await readdir(certs)).includes("..kasbah-owner"), writer === "current");
      await using second = await startAgent(releases[reader], settings).ready();
      await untilShown(certs, (await fetchLeaf(settings.sdsSocket)).leaf.serialNumber);
      await second.stop();
    });

    it(`the ${reader} agent replaces the output files of the ${writer} agent, which authenticate it without a token`, async () => {
      const home = directory.join(`files-of-${writer}`);
      const certs = join(home, "certs");
      const place = { directory: home, ca: caSettings };
      const settings = await createAgentSettings("web", { ...place, flags: ["--output-certs", certs] });
      await using first = await startAgent(releases[writer], settings).ready();
      const { serialNumber } = (await fetchLeaf(settings.sdsSocket)).leaf;
      await untilShown(certs, serialNumber);
      await first.stop();
      await rm(join(home, "token"));
      const inPlace = [...settings.flags, "--prov-cert", certs];
      await using second = await startAgent(releases[reader], { ...settings, flags: inPlace }).ready();
      const renewed = await fetchLeaf(settings.sdsSocket);
      assert.notEqual(renewed.leaf.serialNumber, serialNumber);
      await untilShown(certs, renewed.leaf.serialNumber);
      await second.stop();
    });
  }
});

/** The previous release reports that it is ready with a cached secret before its socket listens. */
function fetchLeafOnceListening(socket: string): Promise<ReceivedLeaf> {
  return untilSeen("leaf of the cache", patienceMs, () => fetchLeaf(socket).catch(() => undefined));
}

/** Waits until the output files of an agent hold the certificate with this serial number. */
async function untilShown(certs: string, serial: string): Promise<void> {
  await untilSeen(`certificate ${serial} in ${certs}`, patienceMs, async () => {
    const pem = await readFile(join(certs, "cert-chain.pem"), "utf8").catch(() => "");
    return (pem !== "" && new X509Certificate(pem).serialNumber === serial) || undefined;
  });
}
