import { mkdir, readFile, writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import type { CommandDeps } from "../commands/command-deps.ts";
import { type CommandOutcome, runKasbah } from "../commands/run-kasbah.fixture.ts";

/**
 * Runs the script of a pod as kubectl exec would, and exits as kubectl does if the script fails; exit code 70
 * means a failure of kubectl itself.
 */
const kubectl = `#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/calls"
case "$*" in *"get pods"*) exec "$here/get" ;; esac
while [ "$1" != exec ]; do shift; done
pod=$4
shift 6
"$here/pods/$pod" "$@"
code=$?
[ $code = 70 ] && exit 1
[ $code = 0 ] || echo "command terminated with exit code $code" >&2
exit $code
`;

/** A directory with a fake kubectl, and one script per pod that replaces `kasbah` there. */
export class FakeReplicas {
  readonly #directory: TemporaryDirectory;

  private constructor(directory: TemporaryDirectory) {
    this.#directory = directory;
  }

  static async start(): Promise<FakeReplicas> {
    const fake = new FakeReplicas(await temporaryDirectory());
    await mkdir(fake.path("pods"));
    await writeFile(fake.path("kubectl"), kubectl, { mode: 0o755 });
    return fake;
  }

  path(...names: readonly string[]): string {
    return this.#directory.join(...names);
  }

  /** Sets the script for `kubectl get pods`. */
  async onGet(script: string): Promise<void> {
    await writeFile(this.path("get"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Lists pods, which are running and ready by default. */
  async list(...pods: readonly (string | object)[]): Promise<void> {
    const items = pods.map((pod) => (typeof pod === "string" ? podNamed(pod) : pod));
    await writeFile(this.path("list.json"), JSON.stringify({ items }));
    await this.onGet('cat "$(dirname "$0")/list.json"');
  }

  /** Sets the script that replaces `kasbah` in a pod. */
  async onExec(pod: string, script: string): Promise<void> {
    await writeFile(this.path("pods", pod), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Makes `kasbah` in a pod print a JSON answer. */
  async answers(pod: string, answer: object): Promise<void> {
    await writeFile(this.path("pods", `${pod}.json`), JSON.stringify(answer));
    await this.onExec(pod, 'cat "$0.json"');
  }

  /** Makes `kasbah` in a pod fail as main.ts does. */
  async fails(pod: string, code: string, message: string): Promise<void> {
    await this.onExec(pod, `printf '\\nkasbah: %s (%s)\\n' '${message}' ${code} >&2; exit 1`);
  }

  /** The recorded calls of kubectl exec. */
  async execs(): Promise<readonly string[]> {
    const calls = await readFile(this.path("calls"), "utf8").catch(() => "");
    return calls.split("\n").filter((line) => line.includes("exec "));
  }

  async run(argv: readonly string[], changes: Partial<CommandDeps> = {}): Promise<RemoteOutcome> {
    let warned = "";
    const write = (text: string) => {
      warned += text;
      return true;
    };
    const env = { PATH: `${this.#directory.path}:/usr/bin:/bin`, KASBAH_STATE_DIR: "/another/ca" };
    const stderr = { write } as unknown as CommandDeps["stderr"];
    return { ...(await runKasbah(argv, { env, stderr, ...changes })), warned };
  }

  remove(): Promise<void> {
    return this.#directory.remove();
  }
}

export interface RemoteOutcome extends CommandOutcome {
  /** The text on stderr. */
  readonly warned: string;
}

export function podNamed(name: string, status: object = {}): object {
  const containerStatuses = [{ name: "kasbah-server", ready: true, state: { running: {} } }];
  return { metadata: { name }, status: { phase: "Running", containerStatuses, ...status } };
}
