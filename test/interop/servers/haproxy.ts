import { writeFile } from "node:fs/promises";
import { freePort } from "@kasbah/testkit";
import { provideProgram, whyNoDebianProgram } from "../../harness/debian-program.ts";
import { Recipe } from "./recipe.ts";
import { overHttp, type Server } from "./server.ts";

/** HAProxy and the libraries that a small Debian lacks. */
export const haproxyPackages = [
  "haproxy",
  "liblua5.3-0",
  "libopentracing-c-wrapper0",
  "libopentracing1",
  "libpcre2-8-0",
  "libsystemd0",
];

export const haproxy: Server = {
  name: "HAProxy",
  hasCommand: true,
  missing: whyNoDebianProgram,
  async start(place, app) {
    const port = await freePort();
    const configuration = place.path("haproxy.cfg");
    const pidFile = place.path("haproxy.pid");
    const recipe = new Recipe("HAProxy", {
      "/run/certs": place.path("certs"),
      "/run/haproxy.pid": pidFile,
      "/etc/haproxy/haproxy.cfg": configuration,
      "127.0.0.1:8080": app,
      ":8443": `127.0.0.1:${port}`,
    });
    await writeFile(configuration, recipe.file("haproxy"));
    await place.provideFailing("haproxy", await provideProgram("usr/sbin/haproxy", haproxyPackages));
    const agent = place.run("the agent of HAProxy", recipe.command("kasbah-agent"));
    await agent.logged("certificates written");
    place.run("HAProxy", `haproxy -W -f "${configuration}" -p "${pidFile}"`);
    return { port, spiffeId: place.spiffeId, ...overHttp };
  },
};
