import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { freePort } from "@kasbah/testkit";
import { Recipe } from "./recipe.ts";
import { overHttp, type Server } from "./server.ts";

export const java: Server = {
  name: "a Java server",
  hasCommand: false,
  missing: () =>
    spawnSync("java", ["-version"], { stdio: "ignore" }).status === 0 ? undefined : "java is not installed",
  async start(place) {
    const port = await freePort();
    const recipe = new Recipe("Java", {
      "/run/certs": place.path("certs"),
      "8443": String(port),
      "java MeshServer.java": `java ${place.path("MeshServer.java")}`,
    });
    await writeFile(place.path("MeshServer.java"), recipe.file("java"));
    const agent = place.run("the agent of Java", recipe.command("kasbah-agent"));
    await agent.logged("certificates written");
    place.run("the Java server", recipe.command("MeshServer"));
    return { port, spiffeId: place.spiffeId, ...overHttp };
  },
};
