import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { formatHostPort } from "@kasbah/runtime";
import type { RunningCa } from "../../harness/ca-process.ts";
import type { DebianProgram } from "../../harness/debian-program.ts";
import { LoggedProcess } from "../../harness/logged-process.ts";
import { agentBin } from "../../harness/repository.ts";
import { mintDemoToken } from "../../harness/token-issuer.ts";

/** Several renewals fit into a test, and a busy machine can still do a failed reload again before the half is over. */
export const ttl = "20s";

/** A machine with one workload: its directory, the programs on its PATH, and the environment of its agent. */
export class Place implements AsyncDisposable {
  readonly directory: string;
  readonly spiffeId: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #processes: LoggedProcess[] = [];

  private constructor(directory: string, name: string, ca: RunningCa) {
    this.directory = directory;
    this.spiffeId = `spiffe://cluster.local/ns/demo/sa/${name}`;
    this.#env = {
      // The page's runuser is in a directory that only the PATH of root contains.
      PATH: [join(directory, "bin"), process.env["PATH"], "/usr/sbin", "/sbin"].join(delimiter),
      CA_ADDR: formatHostPort({ host: "127.0.0.1", port: ca.port }),
      CA_ROOT_CA: join(directory, "root.pem"),
      KASBAH_TOKEN_FILE: join(directory, "token"),
      KASBAH_SDS_SOCKET: join(directory, "sds"),
      KASBAH_STATUS_ADDRESS: "127.0.0.1:0",
      KASBAH_LOG_FORMAT: "json",
      SECRET_TTL: ttl,
      PGDATA: join(directory, "data"),
    };
  }

  static async create(parent: string, name: string, ca: RunningCa): Promise<Place> {
    const place = new Place(join(parent, name), name, ca);
    await mkdir(place.path("bin"), { recursive: true });
    await place.trust(ca.rootPem);
    await writeFile(place.path("token"), await mintDemoToken(ca.tokens, name));
    await place.provide("kasbah-agent", `exec "${process.execPath}" "${agentBin}" "$@"`);
    return place;
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** Replaces the root file of the agent. */
  async trust(rootPem: string): Promise<void> {
    await writeFile(this.path("root.pem"), rootPem);
  }

  /** Puts a program on the PATH of this machine. */
  async provide(name: string, script: string): Promise<void> {
    await writeFile(this.path("bin", name), `#!/bin/sh\n${script}\n`);
    await chmod(this.path("bin", name), 0o755);
  }

  /**
   * Puts a program on the PATH that fails on purpose: once for every third certificate for which it is to
   * reload the server.
   */
  async provideFailing(name: string, { path, env }: DebianProgram, fixed = ""): Promise<void> {
    const seen = this.path("reloads", "seen");
    await mkdir(this.path("reloads"), { recursive: true });
    await chmod(this.path("reloads"), 0o777);
    await this.provide(
      name,
      `if [ -n "$KASBAH_CERT_SERIAL" ] && ! grep -qs "$KASBAH_CERT_SERIAL" "${seen}"; then
  echo "$KASBAH_CERT_SERIAL" >> "${seen}"
  if [ $(($(wc -l < "${seen}") % 3)) -eq 0 ]; then echo "failed on purpose" >&2; exit 1; fi
fi
export LD_LIBRARY_PATH="${env["LD_LIBRARY_PATH"] ?? ""}"
exec "${path}" ${fixed} "$@"`,
    );
  }

  /** What all processes have printed. */
  get log(): string {
    return this.#processes.map(({ log }) => log).join("");
  }

  /** Runs one command line of the page, or of the test, as a process of its own. */
  run(title: string, line: string): LoggedProcess {
    const started = new LoggedProcess({ title, command: ["/bin/sh", "-c", `exec ${line}`], env: this.#env });
    this.#processes.push(started);
    return started;
  }

  /** Runs a command line to its end. */
  async finish(line: string): Promise<string> {
    const ran = this.run(line, line);
    const { code } = await ran.exited;
    if (code !== 0) throw new Error(`${line} exited with ${code}: ${ran.log}`);
    return ran.log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const started of this.#processes.toReversed()) await started.stop();
  }
}
