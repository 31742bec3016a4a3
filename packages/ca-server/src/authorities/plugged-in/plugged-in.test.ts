import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseTrustDomain } from "@kasbah/pki";
import { rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { loadPluggedInSet, type PluggedInOptions } from "./plugged-in.ts";
import { classifyPluggedInChange } from "./plugged-in-change.ts";
import { digestPluggedInFiles } from "./plugged-in-files.ts";

/** Later than every certificate that is made here. */
const now = new Date(Date.now() + 3_600_000);
const dayMs = 86_400_000;
const caExtensions =
  "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n";
const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
const keyOptions = {
  "P-256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "P-384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "RSA-3072": ["rsa:3072"],
  "RSA-1024": ["rsa:1024"],
} as const;
type Key = keyof typeof keyOptions;

describe("A plugged-in CA", function () {
  this.timeout(30_000);
  let home: TemporaryDirectory;
  let directory: string;
  const at = (name: string) => join(directory, name);

  before(async () => {
    home = await temporaryDirectory();
    await createRoot("root", "P-256");
    await createRoot("other", "P-256");
    await createIntermediate("good", "root", "P-256", caExtensions);
  });
  after(() => home.remove());

  beforeEach(async () => {
    directory = home.join("cacerts");
    await rm(directory, { recursive: true, force: true });
    await plugIn("good", "root");
  });

  async function createRoot(name: string, key: Key, days = "30"): Promise<void> {
    const newKey = ["-newkey", ...keyOptions[key], "-nodes", "-keyout", home.join(`${name}.key`)];
    const usage = ["-addext", "keyUsage=critical,keyCertSign"];
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-days",
      days,
      "-subj",
      `/O=test/CN=${name}`,
      ...usage,
      "-out",
      home.join(`${name}.pem`),
    );
  }

  async function createIntermediate(
    name: string,
    issuer: string,
    key: Key,
    extensions: string,
    dates: string[] = ["-days", "10"],
  ) {
    const newKey = ["-newkey", ...keyOptions[key], "-nodes", "-keyout", home.join(`${name}.key`)];
    openssl("req", ...newKey, "-subj", `/O=test/CN=${name}`, "-out", home.join(`${name}.csr`));
    await writeFile(home.join(`${name}.ext`), extensions);
    const signer = [
      "-CA",
      home.join(`${issuer}.pem`),
      "-CAkey",
      home.join(`${issuer}.key`),
      "-CAcreateserial",
    ];
    const request = ["-req", "-in", home.join(`${name}.csr`), "-extfile", home.join(`${name}.ext`)];
    openssl("x509", ...request, ...signer, ...dates, "-out", home.join(`${name}.pem`));
  }

  async function plugIn(name: string, root: string): Promise<void> {
    await mkdir(directory, { recursive: true });
    await copyFile(home.join(`${name}.pem`), at("ca-cert.pem"));
    await copyFile(home.join(`${name}.key`), at("ca-key.pem"));
    await copyFile(home.join(`${root}.pem`), at("root-cert.pem"));
    await copyFile(home.join(`${name}.pem`), at("cert-chain.pem"));
    await chmod(at("ca-key.pem"), 0o600);
  }

  const load = (changes: Partial<PluggedInOptions> = {}) =>
    loadPluggedInSet(directory, { trustDomain: parseTrustDomain("cluster.local"), now, ...changes });
  const loadWhole = async (changes: Partial<PluggedInOptions> = {}) => {
    const set = await load(changes);
    assert.ok(set);
    return set;
  };

  for (const name of ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"]) {
    it(`is refused without ${name}, which is named`, async () => {
      await rm(at(name));
      const { message } = await rejectsWithCode(load(), "PLUGGED_IN_INCOMPLETE");
      assert.match(message, new RegExp(`lacks ${name}`));
    });

    it(`is refused when ${name} is garbage, a directory, a pipe or as large as a disk`, async () => {
      await writeFile(at(name), "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
      await rejectsWithCode(load(), "PLUGGED_IN_REJECTED");
      await writeFile(at(name), Buffer.alloc(2 * 1024 * 1024));
      await rejectsWithCode(load(), "PLUGGED_IN_REJECTED");
      await rm(at(name));
      await mkdir(at(name));
      await rejectsWithCode(load(), "PLUGGED_IN_REJECTED");
      await rm(at(name), { recursive: true });
      execFileSync("mkfifo", [at(name)]);
      await rejectsWithCode(load(), "PLUGGED_IN_REJECTED");
    });
  }

  it("is refused when group or others may read its key, with the way to mount it", async () => {
    for (const mode of [0o640, 0o604, 0o644]) {
      await chmod(at("ca-key.pem"), mode);
      const { message } = await rejectsWithCode(load(), "AUTHORITY_KEY_EXPOSED");
      assert.match(message, /defaultMode 0400/);
    }
  });

  const refused: Readonly<Record<string, [RegExp, () => Promise<void>]>> = {
    "the key is another's": [/is not the key of/, () => copyFile(home.join("other.key"), at("ca-key.pem"))],
    "two keys are in the file": [
      /holds 2 private keys/,
      async () => writeFile(at("ca-key.pem"), (await readFile(at("ca-key.pem"), "utf8")).repeat(2)),
    ],
    "the root is another": [
      /no root in root-cert.pem/,
      () => copyFile(home.join("other.pem"), at("root-cert.pem")),
    ],
    "it is no CA": [
      /is not a CA/,
      async () => {
        await createIntermediate("leaf", "root", "P-256", "basicConstraints=CA:FALSE\n");
        await plugIn("leaf", "root");
      },
    ],
    "it may not sign certificates": [
      /keyCertSign/,
      async () => {
        await createIntermediate(
          "mute",
          "root",
          "P-256",
          "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n",
        );
        await plugIn("mute", "root");
      },
    ],
    "the issuer above it has no room below it": [
      /path length/,
      async () => {
        await createIntermediate("below", "good", "P-256", caExtensions);
        await plugIn("below", "root");
        await writeFile(at("cert-chain.pem"), await readFile(home.join("good.pem"), "utf8"));
      },
    ],
    "its extended key usage leaves out clients": [
      /excludes serverAuth or clientAuth/,
      async () => {
        await createIntermediate("server", "root", "P-256", `${caExtensions}extendedKeyUsage=serverAuth\n`);
        await plugIn("server", "root");
      },
    ],
    "its name constraints leave out the trust domain": [
      /does not permit/,
      async () => {
        const constraint = "nameConstraints=critical,permitted;URI:elsewhere.test\n";
        await createIntermediate("bound", "root", "P-256", caExtensions + constraint);
        await plugIn("bound", "root");
      },
    ],
    "its key has 1024 bits": [
      /can not be used/,
      async () => {
        await createIntermediate("weak", "root", "RSA-1024", caExtensions);
        await plugIn("weak", "root");
      },
    ],
  };
  for (const [what, [rule, prepare]] of Object.entries(refused)) {
    it(`is refused when ${what}`, async () => {
      await prepare();
      const { message } = await rejectsWithCode(load(), "PLUGGED_IN_REJECTED");
      assert.match(message, rule);
    });
  }

  it("is refused before it is valid and after it has ended", async () => {
    for (const days of [-2, 12]) {
      const at = new Date(now.getTime() + days * dayMs);
      const { message } = await rejectsWithCode(load({ now: at }), "PLUGGED_IN_REJECTED");
      assert.match(message, days < 0 ? /is not valid yet/ : /has expired/);
    }
  });

  it("is not there when none of its files is", async () => {
    await rm(directory, { recursive: true });
    assert.equal(await load(), undefined);
    await mkdir(directory);
    assert.equal(await load(), undefined);
    await writeFile(at("ca-crl.pem"), "garbage");
    assert.equal(await load(), undefined);
  });

  it("needs the passphrase of an encrypted key, and opens with it", async () => {
    openssl(
      "pkcs8",
      "-topk8",
      "-in",
      home.join("good.key"),
      "-passout",
      "pass:open",
      "-out",
      at("ca-key.pem"),
    );
    await chmod(at("ca-key.pem"), 0o600);
    await rejectsWithCode(load(), "KEY_PASSPHRASE_MISSING");
    await rejectsWithCode(load({ passphrase: "other" }), "KEY_PASSPHRASE_WRONG");
    await loadWhole({ passphrase: "open" });
  });

  it("is taken with keys of every type, and a key in any of the usual forms", async () => {
    for (const key of ["P-384", "RSA-3072"] as const) {
      await createIntermediate(key, "root", key, caExtensions);
      await plugIn(key, "root");
      assert.equal((await loadWhole()).signer.keyPair.publicKey.type, key);
    }
    await plugIn("good", "root");
    const parameters = execFileSync("openssl", ["ecparam", "-name", "prime256v1"]);
    const sec1 = execFileSync("openssl", ["ec", "-in", home.join("good.key")], { stdio: "pipe" });
    await writeFile(at("ca-key.pem"), Buffer.concat([parameters, sec1]));
    await loadWhole();
  });

  it("is taken from files with text around the blocks and any line ends, in any order and with repetitions", async () => {
    const text = execFileSync("openssl", ["x509", "-text", "-in", home.join("good.pem")], {
      encoding: "utf8",
    });
    await writeFile(at("ca-cert.pem"), text.replaceAll("\n", "\r\n"));
    const root = await readFile(home.join("root.pem"), "utf8");
    await writeFile(at("cert-chain.pem"), root + text + text);
    const set = await loadWhole();
    assert.deepEqual(set.intermediates, []);
    assert.equal(set.root.fingerprint, set.roots.roots[0]?.fingerprint);
  });

  it("is taken with an intermediate above it, from Istio's files and from a TLS secret's", async () => {
    const middle = caExtensions.replace(",pathlen:0", "");
    await createIntermediate("middle", "root", "P-256", middle);
    await createIntermediate("low", "middle", "P-256", caExtensions);
    await plugIn("low", "root");
    await copyFile(home.join("middle.pem"), at("cert-chain.pem"));
    const istio = await loadWhole();
    assert.equal(istio.intermediates.length, 1);

    await rm(directory, { recursive: true });
    await mkdir(directory);
    const chain =
      (await readFile(home.join("low.pem"), "utf8")) + (await readFile(home.join("middle.pem"), "utf8"));
    await writeFile(at("tls.crt"), chain);
    await copyFile(home.join("low.key"), at("tls.key"));
    await chmod(at("tls.key"), 0o600);
    await copyFile(home.join("root.pem"), at("ca.crt"));
    const secret = await loadWhole();
    assert.equal(secret.signer.certificate.fingerprint, istio.signer.certificate.fingerprint);
    assert.equal(secret.intermediates.length, 1);
  });

  it("may be the root itself, with an empty chain", async () => {
    await plugIn("root", "root");
    await writeFile(at("cert-chain.pem"), "");
    const { signer, root, intermediates } = await loadWhole();
    assert.equal(signer.certificate.fingerprint, root.fingerprint);
    assert.deepEqual(intermediates, []);
  });

  it("does not change with its revocation list, however bad that is", async () => {
    const before = await digestPluggedInFiles(directory);
    await writeFile(at("ca-crl.pem"), "garbage");
    assert.equal(await digestPluggedInFiles(directory), before);
    assert.equal((await loadWhole()).digest, (await loadWhole()).digest);
  });

  it("is never a mixture of two sets while kubelet swaps them", async () => {
    await createIntermediate("second", "root", "P-256", caExtensions);
    for (const [version, name] of ["good", "second"].entries()) {
      directory = home.join("mount", `..v${version}`);
      await plugIn(name, "root");
    }
    directory = home.join("mount");
    const swap = async (version: number) => {
      await symlink(`..v${version}`, at("..next"));
      await rename(at("..next"), at("..data"));
    };
    await swap(0);
    for (const name of ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"]) {
      await symlink(`..data/${name}`, at(name));
    }
    let swaps = 0;
    let isDone = false;
    const swapping = (async () => {
      while (!isDone) await swap(++swaps % 2);
    })();
    const digests = new Set<string>();
    try {
      for (let i = 0; i < 300; i++) {
        const outcome = await load().catch((error: Error) => {
          // A mixture that stood still for two looks is found out by its key.
          assert.match(error.message, /change while they are read|is not the key of/);
          return undefined;
        });
        if (outcome !== undefined) digests.add(outcome.digest);
      }
    } finally {
      isDone = true;
      await swapping;
    }
    assert.ok(swaps > 100 && digests.size === 2, `${swaps} swaps, ${digests.size} sets`);
  });

  describe("that comes while another is in use", () => {
    it("is refused under a new root whose file lacks the old one, and taken when it holds both", async () => {
      const { signer, root } = await loadWhole();
      const inUse = { signer: signer.certificate, root };
      await createIntermediate("moved", "other", "P-256", caExtensions);
      await plugIn("moved", "other");
      const change = classifyPluggedInChange(inUse, await loadWhole());
      assert.equal(change.kind, "refused");
      const both =
        (await readFile(home.join("other.pem"), "utf8")) + (await readFile(home.join("root.pem"), "utf8"));
      await writeFile(at("root-cert.pem"), both);
      assert.deepEqual(classifyPluggedInChange(inUse, await loadWhole()), { kind: "new-root" });
    });

    it("may change the intermediate under the same root, or the root file alone", async () => {
      const { signer, root } = await loadWhole();
      const inUse = { signer: signer.certificate, root };
      assert.deepEqual(classifyPluggedInChange(inUse, await loadWhole()), { kind: "roots-only" });
      await createIntermediate("next", "root", "P-256", caExtensions);
      await plugIn("next", "root");
      assert.deepEqual(classifyPluggedInChange(inUse, await loadWhole()), { kind: "same-root" });
    });
  });
});
