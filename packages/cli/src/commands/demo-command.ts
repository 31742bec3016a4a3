import { runDemo } from "../mesh/demo/demo.ts";
import { createPrinter } from "../mesh/demo/printer.ts";
import { provideEnvoy } from "../mesh/envoy/provide-envoy.ts";
import { wheel } from "../mesh/envoy/wheel.ts";
import type { Screen } from "../output/screen.ts";
import type { CommandDeps } from "./command-deps.ts";

/** `kasbah demo`. @throws CliError */
export async function demoCommand({ once }: { once: boolean }, deps: CommandDeps): Promise<void> {
  const { screen, env, clock, nodePath, temporaryDirectory, signal } = deps;
  const envoyPath = await provideEnvoy({
    ...deps,
    onInstall: (cacheDirectory) => showProgress(screen, cacheDirectory),
  });
  const options = { clock, nodePath, envoyPath, env, temporaryDirectory, signal };
  await runDemo(options, { print: createPrinter(screen), clock, env, signal }, once);
}

function showProgress(screen: Screen, cacheDirectory: string): () => void {
  screen.write(`Installing Envoy ${wheel.version} with pip into ${cacheDirectory} (about 35 MB, once) `);
  const dots = setInterval(() => screen.write("."), 1000);
  return () => {
    clearInterval(dots);
    screen.write("\n\n");
  };
}
