import { resolve } from "node:path";
import { fileProblem } from "./path.ts";

/** What is at the paths of sockets and is none, for `--check-config`; the paths by the flags that set them. */
export async function socketProblems(
  paths: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const problems = Object.entries(paths).map(async ([flag, path]) => {
    // A path that cannot be inspected is judged when the socket is created.
    const problem = path === undefined ? undefined : await fileProblem(resolve(path)).catch(() => undefined);
    return problem === undefined ? [] : [`${flag}: ${problem}`];
  });
  return (await Promise.all(problems)).flat();
}
