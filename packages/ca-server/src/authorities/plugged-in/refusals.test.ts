import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { rejectsWithCode } from "@kasbah/testkit";
import {
  caExtensions,
  dayMs,
  istioFiles,
  type Making,
  middleExtensions,
  now,
  OpensslHome,
} from "./openssl-home.fixture.ts";

describe("Validation of a plugged-in CA", () => {
  let home: OpensslHome;

  before(async () => {
    home = await OpensslHome.create();
  });
  after(() => home.remove());
  beforeEach(() => home.plugIn("good", "root"));

  for (const name of istioFiles) {
    it(`rejects a set without ${name}, and names the file`, async () => {
      await rm(home.at(name));
      const { message } = await rejectsWithCode(home.load(), "PLUGGED_IN_INCOMPLETE");
      assert.match(message, new RegExp(`does not contain ${name}`));
    });

    it(`rejects ${name} as a directory, a pipe, a link to itself or to nothing, and in the size of a disk`, async () => {
      const seen = async (rule: RegExp) => {
        const { message } = await rejectsWithCode(home.load(), "PLUGGED_IN_REJECTED");
        assert.match(message, rule);
        await rm(home.at(name), { recursive: true });
      };
      await writeFile(home.at(name), Buffer.alloc(10_000_000));
      await seen(/has 10000000 bytes, expected at most 1048576/);
      await mkdir(home.at(name));
      await seen(/is not a regular file/);
      execFileSync("mkfifo", [home.at(name)]);
      await seen(/is not a regular file/);
      await symlink(name, home.at(name));
      await seen(/cannot read .*: its links lead in a circle \(ELOOP\); replace the link/);
      await symlink("nowhere", home.at(name));
      await seen(/is a dangling link/);
    });

    it(`rejects ${name} if it is garbage, truncated, or not text`, async () => {
      const whole = await readFile(home.at(name));
      const label = name === "ca-key.pem" ? "PRIVATE KEY" : "CERTIFICATE";
      const block = (body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
      for (const bytes of [block("!"), block("MAA="), whole.subarray(0, -20), block("\u0000\uffff")]) {
        await writeFile(home.at(name), bytes);
        const { message } = await rejectsWithCode(home.load(), "PLUGGED_IN_REJECTED");
        assert.match(message, new RegExp(`cannot use ${name}|${name} contains`));
      }
    });
  }

  it("reports an error, not the absence of a CA, when its directory is a file or its tls.crt is unreadable", async () => {
    await rm(home.directory, { recursive: true });
    await mkdir(home.directory);
    await symlink("tls.crt", home.at("tls.crt"));
    await rejectsWithCode(home.load(), "PLUGGED_IN_INCOMPLETE");
    await rm(home.directory, { recursive: true });
    await writeFile(home.directory, "");
    const { message } = await rejectsWithCode(home.load(), "PLUGGED_IN_REJECTED");
    assert.match(message, /cacerts is a file: name the directory/);
  });

  it("reports an error when all of its files are dangling links, as while a volume is not mounted", async () => {
    for (const name of istioFiles) {
      await rm(home.at(name));
      await symlink(`/nowhere/${name}`, home.at(name));
    }
    await rejectsWithCode(home.load(), "PLUGGED_IN_REJECTED");
  });

  it("rejects an incomplete TLS Secret even if Istio's files exist", async () => {
    await home.write("tls.crt", "good");
    const { message } = await rejectsWithCode(home.load(), "PLUGGED_IN_INCOMPLETE");
    assert.match(message, /does not contain tls.key, ca.crt/);
  });

  it("rejects a key that group or other users may read, and says how to mount it", async () => {
    for (const mode of [0o640, 0o604, 0o444, 0o644, 0o460, 0o620]) {
      await chmod(home.at("ca-key.pem"), mode);
      const { message } = await rejectsWithCode(home.load(), "AUTHORITY_KEY_EXPOSED");
      assert.match(message, /defaultMode: 0400/);
      assert.ok(message.includes(`mode 0${mode.toString(8)}`));
    }
  });

  it("accepts a key with mode 0440 whose group is the CA's, as the kubelet mounts it with fsGroup", async () => {
    await chmod(home.at("ca-key.pem"), 0o440);
    assert.ok(await home.load());
  });

  it("rejects a CA that is not yet valid or has expired, and names both times", async () => {
    for (const days of [-2, 12]) {
      const at = new Date(now.getTime() + days * dayMs);
      const { message } = await rejectsWithCode(home.load({ now: at }), "PLUGGED_IN_REJECTED");
      assert.match(message, days < 0 ? /is not valid before 2/ : /expired at 2/);
      assert.ok(message.includes(`it is ${at.toISOString()} now`));
    }
  });

  /** Creates a faulty intermediate and plugs it in under the first root. */
  const faulty = async (name: string, making: Making) => {
    await home.createIntermediate(name, "root", making);
    await home.plugIn(name, "root");
  };
  const refused: Readonly<Record<string, [RegExp, () => Promise<void> | void]>> = {
    "its key belongs to another certificate": [
      /ca-key.pem is not the key of ca-cert.pem: its public key is P-256, SHA-256 /,
      () => copyFile(home.path("other.key"), home.at("ca-key.pem")),
    ],
    "its key file contains two keys": [
      /contains 2 private keys/,
      async () => writeFile(home.at("ca-key.pem"), (await readFile(home.at("ca-key.pem"), "utf8")).repeat(2)),
    ],
    "its key file contains a certificate": [
      /contains no private key/,
      () =>
        copyFile(home.at("ca-cert.pem"), home.at("ca-key.pem")).then(() =>
          chmod(home.at("ca-key.pem"), 0o600),
        ),
    ],
    "its root file contains only another root": [
      /expected its issuer O=test, CN=root there or in cert-chain.pem, but it is missing/,
      () => home.write("root-cert.pem", "other"),
    ],
    "its root has the right name but another key": [
      /but the certificate with that name has another key/,
      () => {
        home.createRoot("impostor", { more: ["-subj", "/O=test/CN=root"] });
        return home.write("root-cert.pem", "impostor");
      },
    ],
    "it is a root that its root file does not contain": [
      /is a root that root-cert.pem does not contain/,
      () => home.plugIn("root", "other"),
    ],
    "the intermediate above it is missing": [
      /expected its issuer O=test, CN=absent/,
      async () => {
        await home.createIntermediate("absent", "root", { extensions: middleExtensions });
        await home.createIntermediate("orphan", "absent");
        await home.plugIn("orphan", "root");
      },
    ],
    "it is not a CA": [/is not a CA/, () => faulty("leaf", { extensions: "basicConstraints=CA:FALSE\n" })],
    "it may not sign certificates": [
      /keyCertSign/,
      () => faulty("mute", { extensions: middleExtensions.replace("keyCertSign", "cRLSign") }),
    ],
    "its issuer has a path length that leaves no room for it": [
      /path length/,
      async () => {
        await home.createIntermediate("below", "good");
        await home.plugIn("below", "root");
        await home.write("cert-chain.pem", "good");
      },
    ],
    "its extended key usage excludes clients": [
      /extended key usage without clientAuth/,
      () => faulty("server", { extensions: `${caExtensions}extendedKeyUsage=serverAuth\n` }),
    ],
    "its extended key usage is anyExtendedKeyUsage, which OpenSSL does not accept for the purposes": [
      /without serverAuth and clientAuth/,
      () => faulty("any", { extensions: `${caExtensions}extendedKeyUsage=anyExtendedKeyUsage\n` }),
    ],
    "its root's extended key usage excludes clients": [
      /root-cert.pem \(O=test, CN=narrow\) has an extended key usage without clientAuth/,
      async () => {
        home.createRoot("narrow", { more: ["-addext", "extendedKeyUsage=serverAuth"] });
        await home.createIntermediate("narrowed", "narrow");
        await home.plugIn("narrowed", "narrow");
      },
    ],
    "its name constraints exclude the trust domain": [
      /does not permit/,
      () =>
        faulty("bound", {
          extensions: `${caExtensions}nameConstraints=critical,permitted;URI:elsewhere.test\n`,
        }),
    ],
    "it has an unknown critical extension": [
      /critical extension 1\.2\.3\.4/,
      () => faulty("odd", { extensions: `${caExtensions}1.2.3.4=critical,DER:0500\n` }),
    ],
    "its key has 1024 bits": [/cannot use ca-cert.pem/, () => faulty("weak", { key: "RSA-1024" })],
    "its key is on a curve that agents do not accept": [
      /cannot use ca-cert.pem/,
      () => faulty("p521", { key: "P-521" }),
    ],
    "it is signed with SHA-1": [/with SHA-2/, () => faulty("sha1", { more: ["-sha1"] })],
    "its root file contains only a certificate that is not a CA": [
      /cannot use root-cert.pem: .*block 1 \(line 1, SHA-256 [0-9a-f]{64}\): it is not a CA/,
      async () => {
        await home.createIntermediate("not-a-root", "root", { extensions: "basicConstraints=CA:FALSE\n" });
        await home.write("root-cert.pem", "not-a-root");
      },
    ],
    "its roots are more than agents accept": [
      /characters of roots, expected at most 393216/,
      () => {
        const comment = ["-addext", `nsComment=${"x".repeat(11_000)}`];
        const large = Array.from({ length: 26 }, (_, index) => `large-${index}`);
        for (const name of large) home.createRoot(name, { more: comment });
        return home.write("root-cert.pem", "root", ...large);
      },
    ],
  };
  for (const [what, [rule, prepare]] of Object.entries(refused)) {
    it(`rejects a set if ${what}`, async () => {
      await prepare();
      const { message } = await rejectsWithCode(home.load(), "PLUGGED_IN_REJECTED");
      assert.match(message, rule);
      assert.ok(message.includes(home.directory) && !message.includes("-----BEGIN"));
    });
  }

  it("returns undefined if none of its files exists", async () => {
    await rm(home.directory, { recursive: true });
    assert.equal(await home.load(), undefined);
    await mkdir(home.directory);
    assert.equal(await home.load(), undefined);
    await writeFile(home.at("ca-crl.pem"), "garbage");
    assert.equal(await home.load(), undefined);
  });
});
