import { LoggedProcess } from "../logged-process.ts";
import { kasbahBin } from "../repository.ts";

/** `kasbah console` as it ships, in its own process. */
export class ConsoleProcess extends LoggedProcess {
  /** @param args select the CA, such as `--state-dir` with a directory */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    directory: string = process.cwd(),
  ) {
    const inDirectory = ["sh", "-c", 'cd "$0" && exec "$@"', directory];
    const command = [...inDirectory, process.execPath, kasbahBin, "console", ...args];
    super({ title: "kasbah console", command, env });
  }

  /** The link, as soon as it is printed. */
  async link(): Promise<URL> {
    await this.says("/#");
    await this.says("Ctrl-C ends the console");
    const [link = ""] = /^http:\S+$/m.exec(this.log) ?? [];
    return new URL(link);
  }
}
