import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { untilSeen } from "@kasbah/testkit";
import { buildGoTool, hasGo } from "../../../harness/go-program.ts";
import { LoggedProcess } from "../../../harness/logged-process.ts";
import { patienceMs } from "../../../harness/until.ts";
import type { Answer, Answers, RunningClient, Workload, WorkloadClient } from "./client.ts";
import { runCommand } from "./command.ts";
import { requireTool } from "./install.ts";
import { readPemFiles } from "./pem-files.ts";

export const spiffeHelper: WorkloadClient = {
  name: "spiffe-helper",
  x509: ["daemon", "one-shot"],
  watches: ["daemon", "daemon with jwt_svids"],
  emptyKeySets: ["one-shot with jwt_bundle_file_name"],
  refused: ["one-shot with jwt_svids"],
  install() {
    const missing = requireTool("go", hasGo());
    if (missing === undefined) program();
    return missing;
  },
  start: (workload) => new RunningHelper(workload),
};

const jwtSvids = 'jwt_svids = [{ jwt_audience = "example", jwt_svid_file_name = "jwt" }]\n';

/** Two daemons, one of which also wants a JWT-SVID, and a new one-shot process for each question. */
class RunningHelper implements RunningClient {
  readonly pushErrors: readonly string[] = [];
  readonly #workload: Workload;
  readonly #daemons: ReadonlyMap<string, { readonly directory: string; readonly process: LoggedProcess }>;

  constructor(workload: Workload) {
    this.#workload = workload;
    this.#daemons = new Map([this.#daemon("daemon", ""), this.#daemon("daemon with jwt_svids", jwtSvids)]);
  }

  async ask(profile: "x509" | "jwt"): Promise<Answers> {
    if (profile === "x509") {
      return { daemon: await this.#wholeSet(), "one-shot": await this.#oneShot("") };
    }
    return {
      "one-shot with jwt_bundle_file_name": await this.#oneShot('jwt_bundle_file_name = "keys.json"\n'),
      "one-shot with jwt_svids": await this.#oneShot(jwtSvids),
    };
  }

  async pushed(): Promise<Answers> {
    const answers: Record<string, Answer> = {};
    for (const [name, { directory, process }] of this.#daemons) {
      if (process.hasExited) answers[name] = { error: `the daemon exited: ${process.log.slice(-1_000)}` };
      else answers[name] = await filesIn(directory).catch((error: unknown) => ({ error: String(error) }));
    }
    return answers;
  }

  async stop(): Promise<void> {
    for (const { process } of this.#daemons.values()) await process.stop();
  }

  /** The helper writes its files in place, one after the other, so a reader may find half a set. */
  async #wholeSet(): Promise<Answer> {
    return untilSeen("whole set of files", patienceMs, async () => {
      const { daemon } = await this.pushed();
      return daemon?.error === undefined ? daemon : undefined;
    });
  }

  #daemon(name: string, settings: string) {
    const { directory, config } = this.#configure(settings);
    const command = [program(), "-config", config];
    return [name, { directory, process: new LoggedProcess({ title: "spiffe-helper", command }) }] as const;
  }

  async #oneShot(settings: string): Promise<Answer> {
    const { directory, config } = this.#configure(settings);
    const { code, log } = await runCommand("spiffe-helper", [
      program(),
      "-config",
      config,
      "-daemon-mode=false",
    ]);
    if (code !== 0) return { error: log };
    const files = await filesIn(directory);
    const keys = join(directory, "keys.json");
    return existsSync(keys) ? { ...files, keys: keysIn(readFileSync(keys, "utf8")) } : files;
  }

  #configure(settings: string): { readonly directory: string; readonly config: string } {
    const directory = this.#workload.directory("spiffe-helper");
    mkdirSync(directory);
    const config = join(directory, "helper.conf");
    const files = {
      svid_file_name: "svid.pem",
      svid_key_file_name: "key.pem",
      svid_bundle_file_name: "roots.pem",
    };
    const own = { agent_address: this.#workload.socket, cert_dir: directory, ...files };
    const lines = Object.entries(own).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
    writeFileSync(config, lines.join("") + settings);
    return { directory, config };
  }
}

function filesIn(directory: string): Promise<Answer> {
  return readPemFiles(join(directory, "svid.pem"), join(directory, "key.pem"), join(directory, "roots.pem"));
}

/** The file has a JWK set, in Base64, for each trust domain. */
function keysIn(json: string): number {
  const sets = Object.values(JSON.parse(json) as Record<string, string>);
  return sets.flatMap((set) => JSON.parse(Buffer.from(set, "base64").toString()).keys ?? []).length;
}

function program(): string {
  return buildGoTool("workload-api/spiffe-helper", "github.com/spiffe/spiffe-helper/cmd/spiffe-helper");
}
