import { spawnSync } from "node:child_process";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@kasbah/testkit";
import { provideProgram, whyNoDebianProgram } from "../../harness/debian-program.ts";
import type { Door } from "./handshakes.ts";
import type { Place } from "./place.ts";
import { Recipe } from "./recipe.ts";
import type { Server } from "./server.ts";

const bin = "usr/lib/postgresql/15/bin";
const kerberos = [
  "libgssapi-krb5-2",
  "libkrb5-3",
  "libk5crypto3",
  "libkrb5support0",
  "libkeyutils1",
  "libsasl2-2",
];
const libraries = ["libpq5", "libicu72", "libxml2", "libldap-2.5-0", ...kerberos];
const password = "a password of the test";

export const postgresAsPostgres: Server = postgresWith("as the user postgres");
export const postgresAsRoot: Server = postgresWith("as root");

function postgresWith(user: "as the user postgres" | "as root"): Server {
  const name = `PostgreSQL with the agent ${user}`;
  return {
    name,
    hasCommand: true,
    missing: whyNoPostgres,
    async start(place) {
      const port = await freePort();
      const places = { "/run/certs": place.path("certs") };
      const recipe = new Recipe(name, places);
      await providePostgres(place, new Recipe("PostgreSQL", places), port);
      await place.finish(recipe.command("install -d"));
      const agent = place.run(`the agent of ${name}`, recipe.command("kasbah-agent"));
      await agent.logged("certificates written");
      place.run(name, "setpriv --reuid postgres --regid postgres --clear-groups postgres");
      return doorOf(place, port);
    },
  };
}

/** Logs in with the page's command and the files of a client, and returns what the server answers. */
export async function logIn(place: Place, client: Place, port: number): Promise<string> {
  const { path, env } = await provideProgram(`${bin}/psql`, [
    "postgresql-client-15",
    ...libraries,
    "libreadline8",
  ]);
  const places = { "/run/certs": client.path("certs"), "port=5432": `port=${port}` };
  const command = new Recipe("Connect to PostgreSQL", places).command("psql");
  const assignments = Object.entries({ ...env, PGPASSWORD: password }).map(
    ([name, value]) => `'${name}=${value}'`,
  );
  const real = command.replace("psql", `env ${assignments.join(" ")} '${path}'`);
  return place.finish(`${real} -c 'SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'`);
}

/** Creates a database with the page's configuration. */
async function providePostgres(place: Place, recipe: Recipe, port: number): Promise<void> {
  const { path, env } = await provideProgram(`${bin}/postgres`, ["postgresql-15", ...libraries]);
  const LD_LIBRARY_PATH = env["LD_LIBRARY_PATH"] ?? "";
  await place.provide("postgres", `LD_LIBRARY_PATH="${LD_LIBRARY_PATH}" exec "${path}" "$@"`);
  await place.provideFailing("pg_ctl", { path: join(path, "..", "pg_ctl"), env });
  await writeFile(place.path("password"), `${password}\n`);
  await place.finish(`chown -R postgres:postgres "${place.directory}"`);
  const initdb = `'${join(path, "..", "initdb")}' --no-locale --encoding=UTF8 --no-sync --username=postgres`;
  const asPostgres = "setpriv --reuid postgres --regid postgres --clear-groups env";
  const options = `--auth=scram-sha-256 --pwfile='${place.path("password")}'`;
  await place.finish(`${asPostgres} 'LD_LIBRARY_PATH=${LD_LIBRARY_PATH}' ${initdb} ${options}`);
  const settings = [`port = ${port}`, `unix_socket_directories = '${place.directory}'`, "fsync = off", ""];
  await appendFile(place.path("data", "postgresql.conf"), recipe.file("ini") + settings.join("\n"));
  await writeFile(place.path("data", "pg_hba.conf"), recipe.file("text"));
}

function doorOf(place: Place, port: number): Door {
  const startup = Buffer.from("\0\0\0\0\0\x03\0\0user\0postgres\0database\0postgres\0\0", "latin1");
  startup.writeInt32BE(startup.length);
  return {
    port,
    spiffeId: place.spiffeId,
    preamble: Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]),
    request: startup,
    // Only a client whose certificate is valid is asked for a password (SASL).
    accepted: /^R[\s\S]{4}\0\0\0\nSCRAM-SHA-256/,
  };
}

function whyNoPostgres(): string | undefined {
  if (process.getuid?.() !== 0) return "only root can start an agent as another user";
  const { status } = spawnSync("id", ["postgres"], { stdio: "ignore" });
  return status === 0 ? whyNoDebianProgram() : "the user postgres does not exist";
}
