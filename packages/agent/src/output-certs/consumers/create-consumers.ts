import { pid } from "node:process";
import { type Counter, publicEnvironment } from "@kasbah/runtime";
import type { AgentDeps } from "../../agent-deps.ts";
import { options } from "../../config/options.ts";
import type { Consumer } from "./consumer.ts";
import { ConsumerLoop, type ConsumerRun } from "./consumer-loop.ts";
import { LoadedMemory } from "./loaded-memory.ts";
import { withinWindow } from "./reload-window.ts";
import { refuseWithoutShell, shellCommand } from "./shell-command.ts";
import { signalProcess } from "./signal-process.ts";

/** Creates what makes applications load the files in the directory: the command, and the signal. */
export async function createConsumers(
  directory: string,
  runs: Counter<"result">,
  deps: AgentDeps,
): Promise<readonly Consumer[]> {
  const { config, clock, roll, logger } = deps;
  const window = { windowMs: config.reloadWindow, clock, roll };
  const wanted = [await onRotateRun(directory, deps), signalRun(config)];
  return wanted
    .filter((one) => one !== undefined)
    .map((one) => {
      const memory = new LoadedMemory(directory, one.kind, logger);
      return new ConsumerLoop({ ...deps, ...one, run: withinWindow(one.run, window), runs, memory });
    });
}

async function onRotateRun(
  directory: string,
  { config, environment, clock }: AgentDeps,
): Promise<ConsumerRun | undefined> {
  const { onRotate: command, onRotateTimeout: timeoutMs } = config;
  if (command === undefined) return undefined;
  await refuseWithoutShell();
  const variables = { ...publicEnvironment(options, environment), KASBAH_OUTPUT_CERTS: directory };
  return shellCommand({ command, timeoutMs, environment: variables, clock });
}

function signalRun({ signal, pidFile }: AgentDeps["config"]): ConsumerRun | undefined {
  if (signal === undefined || pidFile === undefined) return undefined;
  const run = () => signalProcess({ pidFile, signal, ownPid: pid });
  return { name: `signal ${signal}`, kind: "signal", run };
}
