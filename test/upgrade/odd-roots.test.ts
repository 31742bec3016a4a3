import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import {
  createOddCertificate,
  createTestAuthority,
  eventually,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { provideReleases, type Releases } from "../harness/release.ts";
import { fetchLeaf, fetchSecret } from "../harness/sds-client.ts";
import { patienceMs } from "../harness/until.ts";
import { storyTimeoutMs } from "./mesh.ts";
import { createAgentSettings, startAgent } from "./processes/agent.ts";
import { type CaSettings, createCaSettings, startCa } from "./processes/ca.ts";
import { createCallers } from "./processes/callers.ts";
import type { Daemon } from "./processes/daemon.ts";

describe("roots that the previous release cannot read", function () {
  this.timeout(storyTimeoutMs);
  let directory: TemporaryDirectory;
  let releases: Releases;
  let ca: CaSettings;
  let running: Daemon[];

  before(async () => {
    directory = await temporaryDirectory();
    releases = await provideReleases(directory.join("previous"));
    running = [];
    const home = directory.join("cacerts");
    const company = await createTestAuthority("Company");
    const signer = await company.issueIntermediate("Mesh");
    const odd = [
      createOddCertificate({ commonName: "P-521", key: "P-521" }),
      createOddCertificate({ commonName: "Ed25519", key: "ed25519" }),
      createOddCertificate({ commonName: "serial 0", serial: Uint8Array.of(0) }),
      createOddCertificate({ commonName: "ML-DSA", key: "ml-dsa-44" }),
    ];
    await mkdir(home);
    await writeFile(`${home}/root-cert.pem`, odd.map(({ pem }) => pem).join("") + company.rootPem);
    await writeFile(`${home}/cert-chain.pem`, "");
    await writeFile(`${home}/ca-cert.pem`, signer.certificate.toPem());
    await writeFile(`${home}/ca-key.pem`, signer.keyPair.toPkcs8Pem(), { mode: 0o600 });
    ca = await createCaSettings({
      stateDirectory: directory.join("state"),
      callers: await createCallers(directory.join("issuer")),
      flags: ["--root-ca-dir", home],
    });
  });

  after(async () => {
    for (const daemon of running) await daemon.kill();
    await directory?.remove();
  });

  it("do not keep agents of the previous release from starting and renewing with a new CA that trusts them", async () => {
    running.push(await startCa(releases.current, ca));
    for (const release of ["previous", "current"] as const) {
      const settings = await createAgentSettings("frontend", {
        directory: directory.join(release),
        ca,
        secretTtl: "6s",
      });
      running.push(await startAgent(releases[release], settings).ready());
      const serials = new Set<string>();
      await eventually(async () => {
        serials.add((await fetchLeaf(settings.sdsSocket)).leaf.serialNumber);
        return serials.size >= 3;
      }, patienceMs);
    }
  });

  it("do not keep the CA of the previous release from starting on the state of the new one and issuing", async () => {
    for (const daemon of running.splice(0)) await daemon.stop();
    running.push(await startCa(releases.previous, ca));
    const settings = await createAgentSettings("backend", { directory: directory.join("after"), ca });
    running.push(await startAgent(releases.previous, settings).ready());
    assert.ok((await fetchSecret(settings.sdsSocket)).certificateChain.length > 0);
  });
});
