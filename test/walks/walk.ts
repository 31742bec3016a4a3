import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { agentBin, kasbahBin } from "../harness/repository.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { type Incident, listedIncidents } from "./page.ts";

/** Where the operator of an incident runs the command. */
export interface Place {
  /** The whole environment besides PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** A command that becomes the operator's, such as `nsenter`. */
  readonly within?: readonly string[];
}

export interface Walk extends Place {
  /** The incident's name in docs/incidents.md. */
  readonly incident: string;
  /** The first findings of the command; the last of them is the cause. */
  readonly codes: readonly string[];
  readonly exits: number;
  /** What the operator writes for the placeholders of the command: `{ reference: "9f2c51d07ab4" }`. */
  readonly values?: Readonly<Record<string, string>>;
}

const bins: Readonly<Record<string, string>> = { kasbah: kasbahBin, "kasbah-agent": agentBin };

/**
 * Runs the one command of an incident: its first findings must be these, and the last of them must contain all that
 * docs/incidents.md quotes.
 */
export async function walk({ incident: name, codes, exits, values = {}, ...place }: Walk): Promise<void> {
  const incident = listedIncidents().find((one) => one.name === name);
  assert.ok(incident, `docs/incidents.md does not list: ${name}`);
  const { code, output } = await run(commandOf(incident, values), place);
  const printed = `${incident.command} printed (exit code ${code}):\n${output}`;
  const findings = findingsIn(output).slice(0, codes.length);
  assert.deepEqual(
    findings.map((one) => one.code),
    codes,
    printed,
  );
  const [cause = { code: "", text: "" }] = findings.slice(-1);
  const missing = [cause.code, ...incident.prints].filter((text) => !shows(cause.text, text));
  assert.deepEqual(missing, [], printed);
  assert.equal(code, exits, printed);
  assert.ok(incident.prints.includes(cause.code), `docs/incidents.md does not show ${cause.code}`);
}

/** What a command found, in its order: an operator begins with the first. Each is a paragraph that its code begins. */
function findingsIn(output: string): readonly { readonly code: string; readonly text: string }[] {
  return output.split(/\n\s*\n/).flatMap((text) => {
    const [, code] = /^(?:BROKEN +\w+:|CRITICAL|WARNING|\S+ +refused:) +([A-Z_]+)\n/.exec(text) ?? [];
    return code === undefined ? [] : [{ code, text }];
  });
}

function commandOf({ command }: Incident, values: Readonly<Record<string, string>>): readonly string[] {
  const known = (placeholder: string, name: string) => values[name] ?? placeholder;
  return command.split(" ").map((word) => word.replace(/<([^>]+)>/, known));
}

function run(
  [program = "", ...argv]: readonly string[],
  { env, within = [] }: Place,
): Promise<{ readonly code: number; readonly output: string }> {
  const [file = "", ...args] = [...within, process.execPath, bins[program] ?? program, ...argv];
  const options = { env: { PATH: process.env["PATH"], ...env }, timeout: suiteTimeoutMs };
  return new Promise((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

/** Whether an output contains a text of the page, in which `…` stands for any text and `<word>` for one word. */
export function shows(output: string, text: string): boolean {
  const pattern = text
    .split(/(…|<[^>]+>|\s+)/)
    .map((part) => {
      if (part === "…") return ".*?";
      if (part.startsWith("<")) return "\\S+";
      return part.trim() === "" ? (part === "" ? "" : "\\s+") : part.replace(/[^\w\s]/g, "\\$&");
    })
    .join("");
  return new RegExp(pattern, "s").test(output);
}
