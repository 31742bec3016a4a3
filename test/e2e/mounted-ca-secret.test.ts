import assert from "node:assert/strict";
import { chmod, chown, lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createKeyPair, createSerial, parseTrustBundle } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { systemClock } from "@kasbah/runtime";
import { mountKubeletVolume, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { saveIssuer } from "../harness/token-issuer.ts";

const passphrase = "correct horse";

/** A CA with a passphrase, as a corporate PKI hands it out in one Secret. */
async function createCaFiles() {
  const keyPair = await createKeyPair("P-256");
  const start = new Date(Math.floor(systemClock.now().getTime() / 1000) * 1000 - 60_000);
  const validity = { notBefore: start, notAfter: new Date(start.getTime() + 3_650 * 86_400_000) };
  const order = { serial: createSerial(), validity, organization: "cluster.local" };
  const root = await createCertificateWriter().writeRoot(order, keyPair);
  const files = {
    "ca-cert.pem": root.toPem(),
    "ca-key.pem": await keyPair.toEncryptedPkcs8Pem(passphrase),
    "cert-chain.pem": "",
    "root-cert.pem": root.toPem(),
    passphrase: `${passphrase}\n`,
  };
  return { files, fingerprint: root.fingerprint };
}

describe("CA in a pod with a plugged-in CA in a mounted Secret", () => {
  let directory: TemporaryDirectory;

  before(function () {
    if (process.getuid?.() === 0) return;
    process.stdout.write("      only root can mount files of another user\n");
    this.skip();
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    await chmod(directory.path, 0o755);
  });
  afterEach(() => directory.remove());

  /** Changes all files below `path` to `root:<group>` with one mode, as the kubelet does. */
  async function mountFor(path: string, group: number, mode: number): Promise<void> {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const at = join(path, entry.name);
      if (entry.isDirectory()) await mountFor(at, group, mode);
      if ((await lstat(at)).isFile()) await chmod(at, mode);
      if (!entry.isSymbolicLink()) await chown(at, 0, group);
    }
  }

  interface Pod {
    readonly uid: number;
    readonly gid: number;
    readonly fsGroup: number;
  }

  /** A CA as the pod's user, with the pod's volume and with the Secret mounted for a group. */
  async function caIn({ uid, gid, fsGroup }: Pod, mountedFor = fsGroup) {
    const { files, fingerprint } = await createCaFiles();
    const secret = await mountKubeletVolume(directory.join("cacerts"), files);
    await mountFor(secret.path, mountedFor, 0o440);
    const issuer = await saveIssuer(directory.join("issuer"));
    await chmod(directory.join("issuer"), 0o755);
    await chmod(directory.join("issuer", "jwks.json"), 0o444);
    const volume = directory.join("volume");
    await mkdir(volume);
    await chown(volume, 0, fsGroup);
    await chmod(volume, 0o2775);
    const user = [`--reuid=${uid}`, `--regid=${gid}`, `--groups=${fsGroup}`];
    const plugged = ["--root-ca-dir", secret.path, "--key-passphrase-file", secret.join("passphrase")];
    const ca = new CaProcess({
      stateDir: join(volume, "state"),
      flags: [...issuer.flags, ...plugged],
      within: ["setpriv", ...user, "--no-new-privs"],
    });
    return { ca, fingerprint };
  }

  const pods = {
    "the chart's user and fsGroup": { uid: 65_532, gid: 65_532, fsGroup: 65_532 },
    "the user and groups that OpenShift chooses": { uid: 1_000_650_000, gid: 0, fsGroup: 1_000_650_000 },
  };
  for (const [name, pod] of Object.entries(pods)) {
    it(`starts with the key and the passphrase that the kubelet mounts with mode 0440: ${name}`, async () => {
      const { ca, fingerprint } = await caIn(pod);
      try {
        await ca.untilReady();
        const { roots } = parseTrustBundle(await ca.rootPem());
        assert.deepEqual(
          roots.map((root) => root.fingerprint),
          [fingerprint],
        );
      } finally {
        await ca.stop();
      }
    });
  }

  it("refuses a key with mode 0440 whose group is not one of its own, although root could read it", async () => {
    const { ca } = await caIn({ uid: 0, gid: 0, fsGroup: 0 }, 54_321);
    try {
      await assert.rejects(ca.untilReady(), /AUTHORITY_KEY_EXPOSED.*mode 0440/s);
    } finally {
      await ca.stop();
    }
  });
});
