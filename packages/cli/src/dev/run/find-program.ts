import { delimiter, join, resolve } from "node:path";
import { printableText } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { isExecutable } from "../../mesh/envoy/find-envoy.ts";
import type { DevDeps } from "../dev-deps.ts";

/** The path of a program as a shell finds it. @throws CliError `PROGRAM_MISSING` */
export async function findUserProgram(
  name: string,
  { env, cwd }: Pick<DevDeps, "env" | "cwd">,
): Promise<string> {
  const shown = printableText(name);
  if (name.includes("/")) {
    const path = resolve(cwd, name);
    if (await isExecutable(path)) return path;
    throw new CliError(
      "PROGRAM_MISSING",
      `${shown} is not an executable file: check the path, or run chmod +x on it`,
    );
  }
  for (const directory of (env["PATH"] ?? "").split(delimiter)) {
    const path = resolve(cwd, join(directory, name));
    if (name !== "" && (await isExecutable(path))) return path;
  }
  throw new CliError(
    "PROGRAM_MISSING",
    `no program ${shown} is on the PATH: check its name, or write its path`,
  );
}
