import { MeshError } from "@kasbah/pki";
import { ConfigInvalidError, closestName, printableText, quoted, RuntimeError } from "@kasbah/runtime";
import { askAgent } from "./ask-agent.ts";
import type { AgentCommandDeps } from "./command-deps.ts";
import { doctorDescription, doctorOptions } from "./doctor/options.ts";
import { fetchCommand, fetchOptions } from "./fetch-options.ts";
import { loadCommand, statusCommand, statusOptions, waitCommand, waitOptions } from "./options.ts";
import { rotateNow, rotateText } from "./rotate-command.ts";
import { rotateNowCommand, rotateNowOptions } from "./rotate-options.ts";
import { statusText } from "./status-text.ts";
import { waitUntilServed } from "./wait-command.ts";

type Run = (deps: AgentCommandDeps) => Promise<number>;

const commands: ReadonlyMap<string, Run> = new Map([
  ["wait", wait],
  ["status", status],
  ["rotate", rotate],
  ["fetch", fetchCertificate],
  ["doctor", doctor],
]);

export const agentCommandNames: readonly string[] = [...commands.keys()];

/**
 * Runs the command named by the first argument and returns the exit code: 0 for success, 1 for failure or an
 * agent that is not ready, 2 for invalid arguments.
 */
export async function runAgentCommand(deps: AgentCommandDeps): Promise<number> {
  const [name = ""] = deps.argv;
  try {
    const run = commands.get(name);
    if (run === undefined) throw new ConfigInvalidError([unknown(name)]);
    return await run(deps);
  } catch (error) {
    if (error instanceof ConfigInvalidError) {
      deps.writeError(
        error.problems
          .map((problem) => `kasbah-agent: ${printableText(problem)} (CONFIG_INVALID)\n`)
          .join(""),
      );
      return 2;
    }
    if (!(error instanceof MeshError || error instanceof RuntimeError)) throw error;
    deps.writeError(`kasbah-agent: ${printableText(error.message)} (${error.code})\n`);
    return 1;
  }
}

async function wait(deps: AgentCommandDeps): Promise<number> {
  const loaded = loadCommand(waitCommand, waitOptions, deps);
  if ("text" in loaded) return printed(loaded.text, deps);
  await waitUntilServed(loaded.config, deps);
  return printed("the agent serves the secret\n", deps);
}

async function status(deps: AgentCommandDeps): Promise<number> {
  const loaded = loadCommand(statusCommand, statusOptions, deps);
  if ("text" in loaded) return printed(loaded.text, deps);
  const { statusAddress, json } = loaded.config;
  const document = await askAgent(statusAddress, "/debug/secrets");
  deps.write(json ? jsonText(document) : statusText(document, statusAddress));
  return document["ready"] === true ? 0 : 1;
}

async function rotate(deps: AgentCommandDeps): Promise<number> {
  const loaded = loadCommand(rotateNowCommand, rotateNowOptions, deps);
  if ("text" in loaded) return printed(loaded.text, deps);
  const { json, ...options } = loaded.config;
  const reply = await rotateNow(options, deps);
  if (json) deps.write(jsonText(reply));
  else if (reply.rotated) deps.write(rotateText(reply));
  else deps.writeError(`kasbah-agent: ${rotateText(reply)}`);
  return reply.rotated ? 0 : 1;
}

async function fetchCertificate(deps: AgentCommandDeps): Promise<number> {
  const loaded = loadCommand(fetchCommand, fetchOptions, deps);
  if ("text" in loaded) return printed(loaded.text, deps);
  const { fetchOnce, fetchText } = await import("./fetch-command.ts");
  const fetched = await fetchOnce(loaded.config, deps);
  return printed(loaded.config.json ? jsonText(fetched) : fetchText(fetched), deps);
}

async function doctor(deps: AgentCommandDeps): Promise<number> {
  const loaded = loadCommand(doctorDescription, doctorOptions, deps);
  if ("text" in loaded) return printed(loaded.text, deps);
  const { runDoctor } = await import("./doctor/run-doctor.ts");
  return runDoctor(loaded.config, deps, jsonText);
}

/** JSON does not escape every character that a terminal interprets. */
function jsonText(document: object): string {
  const printable = (_: string, value: unknown) => (typeof value === "string" ? printableText(value) : value);
  return `${JSON.stringify(document, printable, 2)}\n`;
}

function printed(text: string, { write }: AgentCommandDeps): number {
  write(text);
  return 0;
}

function unknown(name: string): string {
  const near = closestName(name, agentCommandNames);
  const hint =
    near === undefined ? `the commands are ${agentCommandNames.join(", ")}` : `did you mean ${near}?`;
  return `unknown command ${quoted(name)}: ${hint}; without a command, kasbah-agent runs as the agent: see kasbah-agent --help`;
}
