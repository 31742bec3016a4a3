import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createTestAuthority, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { agentEnvironment } from "../../doctor/machine/agent-environment.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type CommandOutcome, idle, now, root, runKasbah } from "../run-kasbah.fixture.ts";

const held = "a".repeat(64);

const report = {
  version: "0.1.0",
  checkedAt: "2030-01-01T00:00:00.000Z",
  level: "ok",
  findings: [],
  checks: [
    { area: "token", state: "ok", what: "token: system:serviceaccount:demo:web" },
    { area: "envoy", state: "skipped", what: "Envoy was not examined" },
  ],
  facts: { roots: [{ fingerprint: held, notAfter: "2040-01-01T00:00:00.000Z" }] },
};

const expired = {
  level: "critical",
  area: "token",
  code: "TOKEN_EXPIRED",
  what: "the token in /t expired 3 h ago",
  fix: "find out why the kubelet does not replace it",
};

const pod = {
  metadata: { name: "web-1", namespace: "demo" },
  spec: {
    serviceAccountName: "web",
    containers: [
      { name: "app", image: "nginx" },
      {
        name: "agent",
        image: "example/kasbah-agent:1",
        args: ["--ca-address=ca:15012", "--namespace", "$(NS)", "--cluster-id=$$(x)"],
        env: [{ name: "NS", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } }],
      },
    ],
  },
  status: { phase: "Running", podIP: "10.1.2.3" },
};

describe("kasbah doctor", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    await answers({ pod: JSON.stringify(pod), doctor: JSON.stringify(report) });
  });
  afterEach(() => directory.remove());

  interface Answers {
    readonly pod?: string;
    /** The output of `kasbah-agent doctor`, which ends with this code. */
    readonly doctor?: string;
    readonly code?: number;
    readonly stderr?: string;
    readonly status?: string;
    readonly configmap?: string;
    /** What the CA's only replica prints for `authority status` and `refusals`. */
    readonly authorities?: string;
    readonly refusals?: string;
  }

  async function answers({ code = 0, ...texts }: Answers): Promise<void> {
    for (const [name, text] of Object.entries(texts)) await writeFile(directory.join(name), text);
    const script = `#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/calls"
show() { [ -e "$here/$1" ] && cat "$here/$1"; }
case "$*" in
  *"get pods"*) show authorities > /dev/null || exit 1; show replicas ;;
  *"get pod "*) show pod || { echo 'Error from server (NotFound): pods "web-1" not found' >&2; exit 1; } ;;
  *"get configmap"*) show configmap || exit 1 ;;
  *"kasbah-agent doctor"*)
    show doctor; show stderr >&2
    [ ${code} = 0 ] || { echo "command terminated with exit code ${code}" >&2; exit ${code}; } ;;
  *"kasbah-agent status"*) show status; echo "command terminated with exit code 1" >&2; exit 1 ;;
  *"authority status"*) show authorities ;;
  *refusals*) show refusals ;;
esac
`;
    await writeFile(directory.join("kubectl"), script, { mode: 0o755 });
    const status = {
      phase: "Running",
      containerStatuses: [{ name: "kasbah-server", ready: true, state: { running: {} } }],
    };
    await writeFile(
      directory.join("replicas"),
      JSON.stringify({ items: [{ metadata: { name: "kasbah-0" }, status }] }),
    );
  }

  const run = (...argv: string[]): Promise<CommandOutcome> =>
    runKasbah(["doctor", ...argv], { env: { PATH: `${directory.path}:/usr/bin:/bin` }, stderr: silent });
  /** Most tests have no CA, about which the command warns. */
  const silent = { write: () => true } as unknown as CommandDeps["stderr"];
  const calls = () => readFile(directory.join("calls"), "utf8");

  it("runs the agent's doctor in the container with the agent, with its flags, and prints what is in order", async () => {
    const { said, exitCode, error } = await run("web-1", "-n", "demo");
    assert.equal(error, undefined);
    assert.equal(exitCode, 0);
    assert.match(said, /^demo\/web-1: nothing is wrong; 1 check passed\n/);
    assert.match(said, /ok {2}token: token: system:serviceaccount:demo:web/);
    assert.match(
      await calls(),
      /exec --namespace=demo --container=agent web-1 -- kasbah-agent doctor --ca-address=ca:15012 --namespace demo --cluster-id=\$\(x\) --json\n/,
    );
  });

  it("prints each finding with its fix, and exits 4 for a broken part and 3 for a warning", async () => {
    const findings = [expired];
    await answers({ doctor: JSON.stringify({ ...report, level: "critical", findings }), code: 4 });
    const broken = await run("web-1", "-n", "demo");
    assert.equal(broken.exitCode, 4);
    assert.match(
      broken.said,
      /BROKEN token: TOKEN_EXPIRED\n {2}what {2}the token in .*\n {2}fix {3}find out/,
    );
    const warned = { ...report, level: "warning", findings: [{ ...expired, level: "warning" }] };
    await answers({ doctor: JSON.stringify(warned), code: 3 });
    assert.equal((await run("web-1", "-n", "demo", "--json")).exitCode, 3);
  });

  it("escapes what a pod prints, and rejects an answer that is too large or not a report", async () => {
    const what = "\u001b[2Jgone \u202e";
    const findings = [{ ...expired, what, fix: "\u009b31m" }];
    await answers({ doctor: JSON.stringify({ ...report, level: "critical", findings }), code: 4 });
    for (const flags of [[], ["--json"]]) {
      const { said } = await run("web-1", "-n", "demo", ...flags);
      assert.doesNotMatch(said.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    }
    for (const doctor of [
      "",
      "[]",
      "{",
      JSON.stringify({ ...report, findings: [{ ...expired, code: "\u001b" }] }),
      JSON.stringify({ ...report, version: "x".repeat(1 << 21) }),
      JSON.stringify({ ...report, checks: Array(200).fill(report.checks[0]) }),
    ]) {
      await answers({ doctor });
      const { error } = await run("web-1", "-n", "demo");
      assert.equal(error?.code, "TARGET_REPLY_INVALID", doctor.slice(0, 40));
    }
  });

  it("shows the status of an agent that is older than the doctor", async () => {
    const stderr = 'kasbah-agent: unknown command "doctor": the commands are wait, status (CONFIG_INVALID)\n';
    await answers({
      doctor: "",
      stderr,
      code: 2,
      status: "kasbah-agent 0.0.9: starting\n  not ready \u001b[2J\n",
    });
    const { said, exitCode } = await run("web-1", "-n", "demo");
    assert.equal(exitCode, 1);
    assert.match(
      said,
      /^the kasbah-agent in demo\/web-1 is older than kasbah doctor; .*\n\nkasbah-agent 0\.0\.9: starting\n/,
    );
    assert.ok(said.includes("\\u001b[2J"));
  });

  it("names the containers of a pod without an agent, and a pod that does not exist", async () => {
    const app = { name: "app", image: "nginx" };
    await answers({ pod: JSON.stringify({ ...pod, spec: { containers: [app] } }) });
    const { error } = await run("web-1", "-n", "demo");
    assert.equal(error?.code, "TARGET_INVALID");
    assert.match(
      error.message,
      /demo\/web-1 has no container with kasbah-agent: its containers are app; select one with -c/,
    );
    assert.match((await run("--", "$(touch x)")).error?.message ?? "", /expected the name of a pod/);
  });

  describe("what the cluster adds", () => {
    const answerOf = (fingerprint: string) =>
      JSON.stringify({ ...idle, authorities: [{ ...root, fingerprint }] });

    it("says that the agent holds another root than the CA has", async () => {
      const other = await createTestAuthority("Mesh");
      const { fingerprint } = other.certificate;
      const configmap = JSON.stringify({ data: { "root-cert.pem": other.rootPem } });
      await answers({ configmap, authorities: answerOf(fingerprint) });
      const { said, exitCode } = await run("web-1", "-n", "demo", "--json");
      assert.equal(exitCode, 4);
      const [finding] = JSON.parse(said).findings;
      assert.equal(finding.code, "HELD_ROOT_DIFFERS");
      assert.ok(finding.what.includes(held) && finding.what.includes(fingerprint), finding.what);
    });

    it("says that the namespace has another root than the CA", async () => {
      const other = await createTestAuthority("Other");
      const configmap = JSON.stringify({ data: { "root-cert.pem": other.rootPem } });
      await answers({ configmap, authorities: answerOf("b".repeat(64)) });
      const { said } = await run("web-1", "-n", "demo", "--json");
      assert.deepEqual(
        JSON.parse(said).findings.map(({ code }: { code: string }) => code),
        ["PUBLISHED_ROOT_DIFFERS"],
      );
    });

    it("adds the CA's newest refusal of this pod with the CA's fix", async () => {
      const at = (seconds: number) => new Date(now.getTime() - seconds * 1_000).toISOString();
      const entry = {
        kind: "refused",
        v: 2,
        referenceId: "9f2c51d07ab4",
        time: at(60),
        code: "TOKEN_AUDIENCE",
        peerAddress: "10.1.2.3:4711",
        problem: "the token is for another audience",
        fix: "project a token for istio-ca",
      };
      const refusals = JSON.stringify({
        refusals: [{ entry }],
        total: 1,
        dropped: [],
        codes: { TOKEN_AUDIENCE: 1 },
      });
      await answers({ authorities: answerOf(held), refusals });
      const { said, exitCode } = await run("web-1", "-n", "demo", "--ca-namespace", "ca-system");
      assert.equal(exitCode, 3);
      assert.match(
        said,
        /WARNING token: TOKEN_AUDIENCE\n {2}what {2}the CA refused this pod 1m ago: the token is for/,
      );
      assert.match(said, /kasbah why 9f2c51d07ab4/);
      assert.match(
        await calls(),
        /--namespace=ca-system .*refusals --since=\S+ --lines=50 --address=10\.1\.2\.3/,
      );
    });
  });

  describe("on this machine", () => {
    it("runs the agent's doctor with the flags after --", async () => {
      const token = directory.join("no-token");
      const { said, exitCode, error } = await run(
        "--json",
        "--",
        "--token-file",
        token,
        "--ca-address",
        "127.0.0.1:1",
      );
      assert.equal(error, undefined);
      assert.equal(exitCode, 4);
      const codes = JSON.parse(said).findings.map(({ code }: { code: string }) => code);
      assert.ok(codes.includes("TOKEN_UNREADABLE") && codes.includes("AGENT_NOT_RUNNING"), String(codes));
    });

    it("reads the settings of an agent of systemd, as the unit does", async () => {
      await mkdir(directory.join("agents"));
      const text = '# comment\nCA_ADDR=ca.example:15012\nPOD_NAMESPACE="demo"\nSERVICE_ACCOUNT=api\n';
      await writeFile(directory.join("agents", "web.env"), text);
      const env = await agentEnvironment("web", directory.join("agents"));
      assert.deepEqual(
        [env["CA_ADDR"], env["POD_NAMESPACE"], env["SERVICE_ACCOUNT"]],
        ["ca.example:15012", "demo", "api"],
      );
      assert.equal(env["KASBAH_SDS_SOCKET"], "/run/kasbah/agent/web/sds/socket");
    });

    it("refuses the flags of a cluster without a pod, and an unknown agent", async () => {
      assert.match((await run("-n", "demo")).error?.message ?? "", /need the name of a pod/);
      assert.match((await run("--agent", "../x")).error?.message ?? "", /--agent: expected the name/);
      assert.match((await run("--agent", "nosuch")).error?.message ?? "", /cannot read .*nosuch\.env/);
    });
  });
});
