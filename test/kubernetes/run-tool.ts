import { execFile } from "node:child_process";
import { basename } from "node:path";

export interface ToolInput {
  readonly stdin?: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What a command line tool prints. @throws Error with what it says when it fails, and without its arguments, which may hold a token */
export function runTool(
  file: string,
  args: readonly string[],
  { stdin = "", env }: ToolInput,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env, maxBuffer: 64 * 1024 * 1024 };
    const running = execFile(file, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${basename(file)} failed (${error.code ?? error.signal}): ${stderr}`));
    });
    // One that fails before it has read all of its input is known by its exit.
    running.stdin?.on("error", () => {});
    running.stdin?.end(stdin);
  });
}
