import { readFile } from "node:fs/promises";
import { ConfigInvalidError } from "@kasbah/runtime";
import { explainReadFailure } from "@kasbah/runtime/read-failure";

/** Where kasbah-agent@.service reads the settings of an agent. */
const directory = "/etc/kasbah/agent";

/**
 * The environment of an agent that systemd runs: that of its unit, and its file.
 * @throws ConfigInvalidError if the file cannot be read
 */
export async function agentEnvironment(
  name: string,
  folder = directory,
): Promise<Readonly<Record<string, string>>> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,100}$/.test(name)) {
    throw new ConfigInvalidError(["--agent: expected the name of a file in /etc/kasbah/agent, without .env"]);
  }
  const path = `${folder}/${name}.env`;
  return {
    SERVICE_ACCOUNT: name,
    KASBAH_TOKEN_FILE: `${folder}/${name}.token`,
    KASBAH_SDS_SOCKET: `/run/kasbah/agent/${name}/sds/socket`,
    KASBAH_CACHE_DIR: `/var/lib/kasbah-agent/${name}/cache`,
    ...parseEnvironmentFile(await readText(path)),
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { reason, fix = "name an agent of this machine" } = await explainReadFailure(path, error);
    throw new ConfigInvalidError([`--agent: cannot read ${path}: ${reason}; ${fix}`]);
  }
}

/** The variables of a systemd EnvironmentFile, without line continuations. */
function parseEnvironmentFile(text: string): Readonly<Record<string, string>> {
  const lines = text.split("\n").map((line) => line.trim());
  const pairs = lines.flatMap((line): [string, string][] => {
    const [, name, value = ""] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, unquoted(value.trim())]];
  });
  return Object.fromEntries(pairs);
}

function unquoted(value: string): string {
  const [, , inner] = /^(["'])(.*)\1$/.exec(value) ?? [];
  return inner ?? value;
}
