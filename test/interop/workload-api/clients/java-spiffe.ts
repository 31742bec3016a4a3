import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../../../harness/repository.ts";
import type { WorkloadClient } from "./client.ts";
import { cachedOnce, requireDebian } from "./install.ts";
import { JsonProgram } from "./json-program.ts";

const here = join(repositoryRoot, "test/interop/workload-api/java");

export const javaSpiffe: WorkloadClient = {
  name: "java-spiffe",
  x509: ["DefaultX509Source", "fetchX509Context", "fetchX509Bundles", "fresh handshakes"],
  watches: ["watchX509Context", "watchX509Bundles"],
  emptyKeySets: ["CachedJwtSource", "DefaultJwtSource", "fetchJwtBundles"],
  refused: ["CachedJwtSource.fetchJwtSvid", "fetchJwtSvid", "fetchJwtSvids", "validateJwtSvid"],
  install() {
    const missing =
      requireDebian("javac", "openjdk-17-jdk-headless", ["-version"]) ??
      requireDebian("mvn", "maven", ["--version"]);
    if (missing === undefined) classes();
    return missing;
  },
  start: (workload) => new JsonProgram(["java", "-cp", classes(), "WorkloadClient"], workload),
};

/** Lets Maven copy the library and the jars that it depends on, and compiles the program; returns the class path. */
function classes(): string {
  const sources = ["pom.xml", "WorkloadClient.java"].map((file) => join(here, file));
  const home = cachedOnce("java-spiffe", sources, (target) => {
    const goal = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies";
    const options = ["-q", "-B", "-f", join(here, "pom.xml"), `-DoutputDirectory=${join(target, "lib")}`];
    execFileSync("mvn", [...options, goal], { stdio: ["ignore", "inherit", "inherit"] });
    const program = ["-d", target, "-cp", join(target, "lib/*"), join(here, "WorkloadClient.java")];
    execFileSync("javac", program, { stdio: ["ignore", "inherit", "inherit"] });
  });
  return `${home}:${join(home, "lib/*")}`;
}
