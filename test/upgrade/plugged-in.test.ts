import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { AdminClient } from "@kasbah/cli/mesh";
import { formatHostPort } from "@kasbah/runtime";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { currentRelease, provideReleases, type Releases } from "../harness/release.ts";
import { storyTimeoutMs } from "./mesh.ts";
import { createAgentSettings, startAgent } from "./processes/agent.ts";
import { adminSocketOf, type CaSettings, createCaSettings, startCa } from "./processes/ca.ts";
import { type Callers, createCallers } from "./processes/callers.ts";

const usage = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n";
const identifiers = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
const otherKey = "2.5.29.35=DER:30:16:80:14:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33\n";

/** Sets that the previous release accepts, and what this one says about them. */
const refusedNow: Readonly<Record<string, readonly [string, RegExp]>> = {
  "names another key of its root": [
    `${usage}subjectKeyIdentifier=hash\n${otherKey}`,
    /would be refused if it were new: .*subject key identifier/,
  ],
  "does not permit the CA's own names": [
    `${usage}${identifiers}nameConstraints=critical,permitted;DNS:example.com\n`,
    /would be refused if it were new: .*does not permit a name below it \(localhost\)/,
  ],
};

describe("a plugged-in CA of the previous release", function () {
  this.timeout(storyTimeoutMs);
  let directory: TemporaryDirectory;
  let releases: Releases;
  let callers: Callers;

  before(async () => {
    directory = await temporaryDirectory();
    releases = await provideReleases(directory.join("previous"));
    callers = await createCallers(directory.join("callers"));
    const root = ["-keyout", "root.key", "-out", "root.pem", "-subj", "/O=company/CN=root", "-days", "30"];
    openssl("req", "-x509", ...newKey, ...root, "-addext", "keyUsage=critical,keyCertSign");
    await createSet("good", usage + identifiers);
  });
  after(() => directory?.remove());

  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const openssl = (...args: readonly string[]) =>
    execFileSync("openssl", args, { cwd: directory.path, stdio: "pipe" });

  async function createSet(name: string, extensions: string): Promise<string> {
    const set = directory.join(name);
    await mkdir(set);
    await writeFile(directory.join("ext"), extensions);
    openssl(
      "req",
      ...newKey,
      "-keyout",
      `${name}/ca-key.pem`,
      "-out",
      "ca.csr",
      "-subj",
      "/O=company/CN=mesh",
    );
    const signer = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "20"];
    openssl("x509", "-req", "-in", "ca.csr", ...signer, "-extfile", "ext", "-out", `${name}/ca-cert.pem`);
    await writeFile(directory.join(name, "cert-chain.pem"), "");
    await cp(directory.join("root.pem"), directory.join(name, "root-cert.pem"));
    return set;
  }

  const settingsFor = (name: string, set: string) =>
    createCaSettings({
      stateDirectory: directory.join(`state-${name}`),
      callers,
      flags: ["--root-ca-dir", set],
    });
  const warningsOf = async ({ statusAddress }: CaSettings): Promise<string> => {
    const answer = await fetch(`http://${formatHostPort(statusAddress)}/healthz/ready`);
    const { warnings = [] } = (await answer.json()) as { readonly warnings?: readonly string[] };
    return warnings.join("\n");
  };
  const signers = async (settings: CaSettings) => {
    const { authorities } = await new AdminClient(adminSocketOf(settings), "the tests").status();
    return authorities.filter(({ signs }) => signs).map(({ id }) => id);
  };

  for (const [index, [what, [extensions, warning]]] of Object.entries(refusedNow).entries()) {
    it(`starts with a warning if its certificate ${what}, and is replaced by a set that works`, async () => {
      const set = await createSet(`refused-${index}`, extensions);
      const settings = await settingsFor(`refused-${index}`, set);
      await using before = await startCa(releases.previous, settings);
      const expected = await signers(settings);
      await before.stop();
      await using _ca = await startCa(currentRelease, settings);
      assert.deepEqual(await signers(settings), expected);
      await eventually(async () => warning.test(await warningsOf(settings)));
      await cp(directory.join("good"), set, { recursive: true });
      await eventually(async () => (await signers(settings)).join() !== expected.join());
      assert.doesNotMatch(await warningsOf(settings), /would be refused/);
    });
  }

  it("whose intermediate is also a trusted root keeps issuing to agents of both releases", async () => {
    const set = await createSet("both", usage + identifiers);
    openssl("x509", "-in", "both/ca-cert.pem", "-out", "both/mesh.pem");
    const both = execFileSync("cat", ["both/mesh.pem", "root.pem"], { cwd: directory.path });
    await writeFile(directory.join("both", "root-cert.pem"), both);
    const settings = await settingsFor("both", set);
    await using before = await startCa(releases.previous, settings);
    await before.stop();
    await using _ca = await startCa(currentRelease, settings);
    for (const release of ["previous", "current"] as const) {
      const place = { directory: directory.join(`web-${release}`), ca: settings };
      await using _agent = await startAgent(
        releases[release],
        await createAgentSettings("web", place),
      ).ready();
    }
    assert.doesNotMatch(await warningsOf(settings), /would be refused/);
  });
});
