import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { FakeKubectl } from "../../kubectl/fake-kubectl.fixture.ts";
import { runKasbah } from "../run-kasbah.fixture.ts";

const intermediate = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n";
const identifiers = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

describe("kasbah authority try", () => {
  let home: TemporaryDirectory;

  before(async () => {
    home = await temporaryDirectory();
    await createSet("good", identifiers);
    await createSet("dns-only", `${identifiers}nameConstraints=critical,permitted;DNS:example.com\n`);
    await createSet("lenient", "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=none\n");
  });
  after(() => home.remove());

  /** A set whose intermediate has these extensions besides its basic ones. */
  async function createSet(name: string, extensions: string): Promise<void> {
    const openssl = (...args: string[]) =>
      execFileSync("openssl", args, { cwd: home.join(name), stdio: "pipe" });
    execFileSync("mkdir", ["-p", home.join(name)]);
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const usage = ["-addext", "keyUsage=critical,keyCertSign"];
    const root = ["-subj", "/CN=root", "-keyout", "root.key", "-out", "root-cert.pem"];
    openssl("req", "-x509", ...newKey, ...root, ...usage);
    await writeFile(home.join(name, "ext"), intermediate + extensions);
    openssl("req", ...newKey, "-subj", "/CN=mesh", "-keyout", "ca-key.pem", "-out", "ca.csr");
    const signer = ["-CA", "root-cert.pem", "-CAkey", "root.key", "-set_serial", "9"];
    openssl("x509", "-req", "-in", "ca.csr", ...signer, "-extfile", "ext", "-out", "ca-cert.pem");
    await writeFile(home.join(name, "cert-chain.pem"), "");
    await chmod(home.join(name, "ca-key.pem"), 0o600);
  }

  /** The certificates are valid now, and not in the year of the fixture's clock. */
  const clock = { ...systemClock };
  const run = (...argv: string[]) => runKasbah(["authority", "try", ...argv], { clock });

  it("shows the chain of a set that works, and exits with 0", async () => {
    const { said, error, exitCode } = await run(home.join("good"));
    assert.equal(error, undefined);
    assert.equal(exitCode, 0);
    assert.match(
      said,
      /good works; clients will trust 1 root\n {2}signer +CN=mesh, until .*\n {2}root +CN=root/,
    );
    assert.doesNotMatch(said, /warning/);
  });

  it("fails with the code, the certificate and the name if the CA would refuse the set", async () => {
    const { error, said } = await run(home.join("dns-only"));
    assert.equal(error?.code, "REHEARSAL_FAILED");
    assert.match(
      error?.message ?? "",
      /ca-cert\.pem \(CN=mesh\) does not permit a name below it \(localhost\)/,
    );
    assert.equal(said, "");
  });

  it("prints a refusal as JSON with exit code 1, and warnings as JSON with exit code 0", async () => {
    const refused = await run(home.join("dns-only"), "--json");
    assert.equal(refused.exitCode, 1);
    const { usable, code } = JSON.parse(refused.said);
    assert.deepEqual([usable, code], [false, "REHEARSAL_FAILED"]);
    const lenient = await run(home.join("lenient"), "--json");
    assert.equal(lenient.exitCode, 0);
    assert.match(JSON.parse(lenient.said).warnings[0], /^strict-x509: ca-cert\.pem/);
  });

  it("refuses what node proxies reject, if the CA will trust node proxies", async () => {
    const extensions = `${identifiers}nameConstraints=critical,permitted;URI:cluster.local\n`;
    await createSet("constrained", extensions);
    assert.match((await run(home.join("constrained"))).said, /warning: uri-name-constraint: ca-cert\.pem/);
    const { error } = await run(home.join("constrained"), "--node-proxies");
    assert.match(error?.message ?? "", /which rustls rejects, and node proxies are trusted/);
  });

  it("tries the DNS names of a policy and further names of the server", async () => {
    const extensions = `${identifiers}nameConstraints=critical,excluded;DNS:corp.example\n`;
    await createSet("excluding", extensions);
    const policy = home.join("policy.yaml");
    await writeFile(
      policy,
      "version: 1\ndefault: { allow: true, dnsNames: ['{serviceAccount}.corp.example'], dangerouslyPublicNames: true }\n",
    );
    assert.equal((await run(home.join("excluding"))).error, undefined);
    const { error } = await run(home.join("excluding"), "--policy", policy);
    assert.match(error?.message ?? "", /a workload certificate: .* \(example\.corp\.example\)/);
    const named = await run(home.join("excluding"), "--server-san", "ca.corp.example");
    assert.match(named.error?.message ?? "", /the CA's serving certificate: .* \(ca\.corp\.example\)/);
  });

  it("checks that clients with the present roots accept a signer under a root that they hold", async () => {
    const present = ["--present-roots", home.join("good", "root-cert.pem")];
    assert.equal((await run(home.join("good"), ...present)).error, undefined);
    // Its root is another one of the same name, and its signer has no key identifier of its root.
    const twins = await run(home.join("lenient"), ...present);
    assert.match(twins.error?.message ?? "", /root-cert\.pem \(CN=root\) has the same name as the root with/);
    const { error } = await run(home.join("good"), "--present-roots", home.join("good", "ext"));
    assert.equal(error?.code, "PLUGGED_IN_REJECTED");
  });

  it("reads a Secret of either layout with kubectl, without writing its key anywhere", async () => {
    await using kubectl = await FakeKubectl.start();
    const file = async (name: string) => (await readFile(home.join("good", name))).toString("base64");
    const [certificate, key, roots] = [
      await file("ca-cert.pem"),
      await file("ca-key.pem"),
      await file("root-cert.pem"),
    ];
    const istio = {
      "ca-cert.pem": certificate,
      "ca-key.pem": key,
      "cert-chain.pem": "",
      "root-cert.pem": roots,
    };
    for (const data of [istio, { "tls.crt": certificate, "tls.key": key, "ca.crt": roots }]) {
      await kubectl.prints({ kind: "Secret", data });
      const { said, error } = await kubectl.run(["-n", "mesh", "authority", "try", "cacerts"], { clock });
      assert.equal(error, undefined);
      assert.match(said, /^cacerts works/);
    }
    assert.match(await kubectl.calls(), /get secret cacerts --namespace=mesh --output=json/);
    assert.deepEqual(
      await readdir(home.path).then((names) => names.filter((name) => name === "cacerts")),
      [],
    );
  });

  it("explains a Secret that does not exist, that kubectl may not read, or that is no CA", async () => {
    await using kubectl = await FakeKubectl.start();
    const tried = async (name = "cacerts") =>
      (await kubectl.run(["authority", "try", name], { clock })).error ?? { code: "none", message: "" };
    await kubectl.fails('Error from server (NotFound): secrets "cacerts" not found');
    assert.match((await tried()).message, /neither a directory cacerts nor a Secret kasbah-system\/cacerts/);
    await kubectl.fails('Error from server (Forbidden): secrets "cacerts" is forbidden');
    assert.equal((await tried()).code, "ADMIN_FORBIDDEN");
    await kubectl.prints({ kind: "Secret", data: { "tls.crt": "" } });
    assert.match(
      (await tried()).message,
      /does not contain tls\.key and ca\.crt, only tls\.crt: a CA consists of/,
    );
    await kubectl.prints("no object");
    assert.equal((await tried()).code, "TARGET_REPLY_INVALID");
    assert.equal((await tried("--x")).code, "commander.unknownOption");
    assert.equal((await tried("no/such/directory")).code, "PLUGGED_IN_INCOMPLETE");
    assert.match((await tried("no/such/directory")).message, /^no\/such\/directory does not exist, expected/);
    const file = home.join("good", "ca-cert.pem");
    assert.match((await tried(file)).message, /ca-cert\.pem is a file: name the directory/);
    await kubectl.fails("The connection to the server localhost:8080 was refused");
    assert.match(
      (await tried("cacrets")).message,
      /^there is no directory cacrets, so it names a Secret: kube/,
    );
    assert.equal((await tried("Not A Name")).code, "TARGET_INVALID");
  });
});
