import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  mintSecret,
  recordingLogger,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
  throwsWithCode,
} from "@kasbah/testkit";
import { type LayoutOptions, outputLayout } from "../config/output/layout.ts";
import { renderFiles } from "../output-certs/shapes/render-files.ts";
import { SecretStore, type WorkloadSecret } from "../secret/secret-store.ts";
import { findMountedCerts } from "./find-mounted-certs.ts";
import { parseMountedSecret, readMountedFiles } from "./mounted-certs.ts";
import { MountedSupply } from "./mounted-supply.ts";

const tlsNames: LayoutOptions["outputNames"] = [
  { part: "cert-chain", name: "tls.crt" },
  { part: "key", name: "tls.key" },
  { part: "root-cert", name: "ca.crt" },
];

/** The forms in which an agent can write files that an agent can serve. */
const shapes: Record<string, Pick<LayoutOptions, "outputFormats" | "outputNames">> = {
  "Istio's names": { outputFormats: [["pem"]], outputNames: [] },
  "the names of a Kubernetes TLS Secret": { outputFormats: [["pem"]], outputNames: tlsNames },
  "a credential bundle": { outputFormats: [["credential-bundle"]], outputNames: [] },
};

describe("Mounted certificates under other names", () => {
  let directory: TemporaryDirectory;
  let authority: TestAuthority;
  let secret: WorkloadSecret;

  before(async () => {
    authority = await createTestAuthority();
    const receivedAt = new Date(Math.floor(systemClock.now().getTime() / 1000) * 1000);
    secret = await mintSecret({ authority, receivedAt, ttlMs: 3_600_000 });
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const write = async (shape: Pick<LayoutOptions, "outputFormats" | "outputNames">) => {
    const layout = outputLayout({ ...shape, outputCertsMode: 0o600, outputPublicMode: 0o644 });
    const files = renderFiles(secret, layout);
    for (const { name, bytes } of files) await writeFile(directory.join(name), bytes);
    return files.map(({ name }) => name);
  };
  const served = async () => {
    const store = new SecretStore(systemClock);
    const supply = new MountedSupply({
      directory: directory.path,
      keyFormat: "traditional",
      store,
      observer: { onRotated() {}, onFailed() {} },
      clock: systemClock,
      logger: recordingLogger(),
      pollMs: 50,
    });
    await supply.start();
    return { store, supply };
  };

  for (const [what, shape] of Object.entries(shapes)) {
    it(`are served from ${what}, as an agent writes it, even if the files appear later`, async () => {
      const { store, supply } = await served();
      try {
        assert.equal(store.state(), "starting");
        await write(shape);
        await eventually(() => store.current !== undefined);
        assert.equal(store.current?.leaf.serial, secret.leaf.serial);
        assert.ok(store.current.bundle.equals(secret.bundle));
      } finally {
        await supply.stop();
      }
    });
  }

  it("use the trust bundle of the certificate's own trust domain among those of others", async () => {
    await write({ outputFormats: [["credential-bundle"]], outputNames: [] });
    const other = await createTestAuthority("Other");
    await writeFile(directory.join("a.example.spiffe-trust-bundle.pem"), other.rootPem);
    const { roots } = await readMountedFiles(directory.path);
    assert.equal(roots, authority.rootPem);
  });

  it("are refused with the name that is missing if one file of a set is", async () => {
    const names = await write({ outputFormats: [["credential-bundle"]], outputNames: [] });
    await rm(directory.join(names[1] ?? ""));
    await assert.rejects(readMountedFiles(directory.path), /cluster\.local\.spiffe-trust-bundle\.pem/);
  });

  it("are refused with their own names in the message if they do not match", () => {
    const names = { chain: "tls.crt", key: "tls.key", roots: "ca.crt" };
    const files = { names, chain: secret.leaf.toPem(), key: "rubbish", roots: authority.rootPem };
    const error = throwsWithCode(
      () => parseMountedSecret(files, "pkcs8", systemClock.now()),
      "MOUNTED_CERTS_INVALID",
    );
    assert.match(error.message, /cannot parse tls\.key/);
  });

  it("replace a CA only if --file-mounted-certs is set, so that an upgrade with unchanged flags changes nothing", async () => {
    await write({ outputFormats: [["pem"]], outputNames: tlsNames });
    const found = (fileMountedCerts: boolean) =>
      findMountedCerts({ fileMountedCerts, mountedCertsDir: directory.path });
    assert.equal(await found(false), undefined);
    assert.equal(await found(true), directory.path);
  });
});
