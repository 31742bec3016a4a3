import { execFile } from "node:child_process";
import { basename } from "node:path";

export interface ToolInput {
  readonly stdin?: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The output of a command-line tool. @throws Error with the tool's message if it fails, but without its
 * arguments, which may contain a token
 */
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
    // A tool that fails before it has read all of its input is reported by its exit code.
    running.stdin?.on("error", () => {});
    running.stdin?.end(stdin);
  });
}
