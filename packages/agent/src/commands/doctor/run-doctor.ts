import type { ConfigOf } from "@kasbah/runtime";
import { command } from "../../config/command.ts";
import { examine } from "../../doctor/examine.ts";
import type { AgentCommandDeps } from "../command-deps.ts";
import type { doctorOptions } from "./options.ts";
import { readAgent } from "./read-agent.ts";
import { doctorText } from "./report-text.ts";

const exitCodes = { ok: 0, warning: 3, critical: 4 } as const;

/** Examines the workload's identity, prints the report, and returns the exit code. */
export async function runDoctor(
  config: ConfigOf<(typeof doctorOptions)["all"]>,
  { write, clock, roll, env: environment, isColoured = false }: AgentCommandDeps,
  jsonText: (report: object) => string,
): Promise<number> {
  const { version } = command;
  const { tryCall: isTried, envoyAdmin } = config;
  const askAgent = () => readAgent(config.statusAddress);
  const report = await examine(
    { version, config, isTried, envoyAdmin },
    { clock, roll, environment, askAgent },
  );
  write(config.json ? jsonText(report) : doctorText(report, { isColoured }));
  return exitCodes[report.level];
}
