import { argv, env, execArgv, execPath, execve, pid } from "node:process";
import { shell } from "./run-shell.ts";

/**
 * A minimal init: it starts the agent, forwards signals to it, and exits as it does. While a shell waits, it reaps
 * every child, including orphans, which Node cannot do. SIGUSR1 is not forwarded: before the agent listens, it would open Node's debugger.
 */
const script = `
"$@" <&0 &
agent=$!
for name in TERM HUP QUIT ALRM USR2; do trap "kill -$name $agent 2>/dev/null" $name; done
# A terminal sends Ctrl-C to the agent as well, and a second one means "exit immediately".
if [ -t 0 ]; then trap : INT; else trap "kill -INT $agent 2>/dev/null" INT; fi
while :; do
  wait $agent
  code=$?
  kill -0 $agent 2>/dev/null && continue
  # A signal can interrupt the wait in the moment in which the agent exits.
  if [ $code -gt 128 ]; then wait $agent; late=$?; [ $late -eq 127 ] || code=$late; fi
  exit $code
done
`;

/**
 * If the agent is process 1 of a container, a background process that outlives its command becomes the agent's child
 * and stays a zombie forever. Then this replaces the process with a shell that runs the agent as its child, and does
 * not return. Nothing may be open yet.
 */
export function reapOrphans(): void {
  if (pid !== 1 || execve === undefined) return;
  execve(shell, ["sh", "-c", script, "kasbah-agent", execPath, ...execArgv, ...argv.slice(1)], env);
}
