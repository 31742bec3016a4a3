import { runDemo } from "../mesh/demo/demo.ts";
import { createPrinter } from "../mesh/demo/printer.ts";
import { provideEnvoy } from "../mesh/envoy/provide-envoy.ts";
import type { CommandDeps } from "./command-deps.ts";
import { showInstallation } from "./show-installation.ts";

/** `kasbah demo`. @throws CliError */
export async function demoCommand({ once }: { once: boolean }, deps: CommandDeps): Promise<void> {
  const { screen, env, clock, nodePath, temporaryDirectory, signal } = deps;
  const envoyPath = await provideEnvoy({ ...deps, onInstall: showInstallation(screen) });
  const options = { clock, nodePath, envoyPath, env, temporaryDirectory, signal };
  await runDemo(options, { print: createPrinter(screen), clock, env, signal }, once);
}
