import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { hasGo } from "../../../harness/go-program.ts";
import { LoggedProcess } from "../../../harness/logged-process.ts";
import { repositoryRoot } from "../../../harness/repository.ts";
import type { Answer, Answers, RunningClient, Workload, WorkloadClient } from "./client.ts";
import { runCommand } from "./command.ts";
import { cachedOnce } from "./install.ts";
import { readPemFiles } from "./pem-files.ts";

const module = join(repositoryRoot, "test/interop/workload-api/spire-agent");
const moduleFiles = ["go.mod", "go.sum"];

export const spireAgent: WorkloadClient = {
  name: "spire-agent api",
  x509: ["fetch x509", "fetch x509 -output json", "watch"],
  watches: [],
  emptyKeySets: [],
  refused: ["fetch jwt", "validate jwt"],
  install() {
    if (!hasGo()) return "no go";
    const download = ["mod", "download", "github.com/spiffe/spire"];
    const { status, stderr } = spawnSync("go", download, { cwd: module, encoding: "utf8" });
    if (status !== 0) return `go cannot download SPIRE: ${stderr.trim().slice(-300)}`;
    program();
    return undefined;
  },
  start: (workload) => new RunningSpire(workload),
};

/** A watch that runs on, and a new process for each call. */
class RunningSpire implements RunningClient {
  readonly pushErrors: readonly string[] = [];
  readonly #workload: Workload;
  readonly #watch: LoggedProcess;
  #updates = 0;

  constructor(workload: Workload) {
    this.#workload = workload;
    this.#watch = new LoggedProcess({ title: "spire-agent api watch", command: this.#command(["watch"]) });
  }

  async ask(profile: "x509" | "jwt"): Promise<Answers> {
    if (profile === "x509") {
      return {
        "fetch x509": await this.#fetchFiles(),
        "fetch x509 -output json": await this.#fetchJson(),
        watch: await this.#nextUpdate(),
      };
    }
    return {
      "fetch jwt": await this.#refusal(["fetch", "jwt", "-audience", "example"]),
      "validate jwt": await this.#refusal(["validate", "jwt", "-audience", "example", "-svid", "a.b.c"]),
    };
  }

  async pushed(): Promise<Answers> {
    return {};
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  async #fetchFiles(): Promise<Answer> {
    const directory = this.#workload.directory("spire-agent");
    mkdirSync(directory);
    const { code, log } = await runCommand(
      "spire-agent",
      this.#command(["fetch", "x509", "-write", directory]),
    );
    if (code !== 0) return { error: log };
    const [chain, key, roots] = ["svid.0.pem", "svid.0.key", "bundle.0.pem"].map((name) =>
      join(directory, name),
    );
    return readPemFiles(chain ?? "", key ?? "", roots ?? "");
  }

  async #fetchJson(): Promise<Answer> {
    const { code, log } = await runCommand(
      "spire-agent",
      this.#command(["fetch", "x509", "-output", "json"]),
    );
    if (code !== 0) return { error: log };
    const [svid] = JSON.parse(log).svids;
    return {
      spiffeId: svid.spiffe_id,
      chain: certificatesIn(svid.x509_svid),
      roots: certificatesIn(svid.bundle),
    };
  }

  /** The watch prints no certificate, so an update since the last question must do. */
  async #nextUpdate(): Promise<Answer> {
    const count = () => this.#watch.log.split("Received 1 svid").length - 1;
    await this.#watch.until("another update", () => count() > this.#updates);
    this.#updates = count();
    return { count: this.#updates };
  }

  async #refusal(args: readonly string[]): Promise<Answer> {
    const { code, log } = await runCommand("spire-agent", this.#command(args));
    return code === 0 ? {} : { error: log };
  }

  #command(args: readonly string[]): readonly string[] {
    return [program(), "api", ...args, "-socketPath", this.#workload.socket];
  }
}

/** Splits concatenated certificates in DER: each states its own length after two octets. */
function certificatesIn(base64: string): readonly string[] {
  const certificates: string[] = [];
  let rest = Buffer.from(base64, "base64");
  while (rest.length > 0) {
    const length = 4 + rest.readUInt16BE(2);
    certificates.push(rest.subarray(0, length).toString("base64"));
    rest = rest.subarray(length);
  }
  return certificates;
}

/** Builds the program in the cache: the sums of the hundreds of modules that SPIRE requires would only burden this repository. */
function program(): string {
  const sources = moduleFiles.map((file) => join(module, file));
  const home = cachedOnce("spire-agent", sources, (target) => {
    for (const file of moduleFiles) copyFileSync(join(module, file), join(target, file));
    const build = ["build", "-mod=mod", "-o", "spire-agent", "github.com/spiffe/spire/cmd/spire-agent"];
    execFileSync("go", build, { cwd: target, stdio: ["ignore", "inherit", "inherit"] });
  });
  return join(home, "spire-agent");
}
