import { writeFile } from "node:fs/promises";
import { freePort } from "@kasbah/testkit";
import { provideProgram, whyNoDebianProgram } from "../../harness/debian-program.ts";
import type { Door } from "./handshakes.ts";
import type { Place } from "./place.ts";
import { Recipe } from "./recipe.ts";
import { overHttp, type Server } from "./server.ts";

const packages = ["nginx", "libpcre2-8-0"];

export const nginx: Server = {
  name: "nginx",
  hasCommand: true,
  missing: whyNoDebianProgram,
  async start(place, app) {
    const port = await freePort();
    const pidFile = place.path("nginx.pid");
    const recipe = new Recipe("nginx", {
      "/run/certs": place.path("certs"),
      "/run/nginx.pid": pidFile,
      "127.0.0.1:8080": app,
      "8443": String(port),
    });
    const program = await provideProgram("usr/sbin/nginx", packages);
    await writeFile(place.path("nginx.conf"), configuration(place, recipe.file("nginx"), pidFile));
    await place.provideFailing("nginx", program, `-e stderr -c "${place.path("nginx.conf")}"`);
    const agent = place.run("the agent of nginx", recipe.command("kasbah-agent"));
    await agent.logged("certificates written");
    place.run("nginx", `nginx -g 'daemon off;'`);
    return { port, spiffeId: place.spiffeId, ...overHttp };
  },
};

/** A second nginx with the same files, which no command reloads. */
export async function startNginxWithoutReload(place: Place): Promise<Door> {
  const port = await freePort();
  const recipe = new Recipe("nginx", { "/run/certs": place.path("certs"), "8443": String(port) });
  const text = configuration(place, recipe.file("nginx"), place.path("second.pid"));
  await writeFile(place.path("second.conf"), text.replace(/proxy_pass [^;]+/, "return 200"));
  const { path } = await provideProgram("usr/sbin/nginx", packages);
  place.run("nginx", `"${path}" -e stderr -c "${place.path("second.conf")}" -g 'daemon off;'`);
  return { port, spiffeId: place.spiffeId, ...overHttp };
}

/** What Debian's nginx.conf adds around the file of the recipe. */
function configuration(place: Place, site: string, pidFile: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return [
    `pid ${pidFile};`,
    "worker_processes 1;",
    "events {}",
    "http {",
    "access_log off;",
    ...temporary.map((kind) => `${kind}_temp_path ${place.path(kind)};`),
    site,
    "}",
  ].join("\n");
}
