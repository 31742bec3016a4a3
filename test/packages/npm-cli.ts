import { realpathSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The program of npm: the one that runs this suite, or else that of the `npm` on the PATH. */
export function npmCli(): string {
  const running = process.env["npm_execpath"];
  if (running) return running;
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    try {
      return realpathSync(join(folder, "npm"));
    } catch {
      // The next folder may have it.
    }
  }
  throw new Error("npm is not on the PATH");
}
