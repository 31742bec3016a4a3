import { type DaemonLaunch, DaemonProcess } from "./daemon-process.ts";
import { agentBin } from "./repository.ts";

/** Values of flags by name: `true` for a flag without a value, several values for a repeated flag. */
export type AgentFlags = Readonly<Record<string, string | true | readonly string[]>>;

export interface AgentLaunch extends DaemonLaunch {
  readonly flags: AgentFlags;
}

/** kasbah-agent as it ships, in its own process. */
export class AgentProcess extends DaemonProcess {
  constructor({ flags, ...launch }: AgentLaunch) {
    super("kasbah-agent", [agentBin, ...argumentsOf(flags)], launch);
  }
}

function argumentsOf(flags: AgentFlags): readonly string[] {
  return Object.entries(flags).flatMap(([flag, values]) => {
    if (values === true) return [flag];
    return [values].flat().flatMap((value) => [flag, value]);
  });
}
