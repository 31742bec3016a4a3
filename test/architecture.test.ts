import assert from "node:assert/strict";
import { allModules, eagerModules } from "../scripts/bundles/bundle-agent.ts";
import { crowdedFolders, sharedPrefixes } from "./architecture/folders.ts";
import { repeatedNames } from "./architecture/names.ts";
import { findRoomCycle } from "./architecture/rooms.ts";
import {
  findCycle,
  type Import,
  loadedFrom,
  type Source,
  shippedSources,
  targetOf,
} from "./architecture/sources.ts";
import { crossSuiteImports, testlessTests } from "./architecture/suites.ts";

const sources = shippedSources();

/** Code that decides, without sockets, files or a clock of its own. */
const domain: readonly RegExp[] = [
  /^packages\/ca-server\/src\/issuance\//,
  /^packages\/ca-server\/src\/authorities\/rotation\//,
  /^packages\/ledger\/src\/tree\//,
  /^packages\/agent\/src\/rotation\//,
  /^packages\/agent\/src\/secret\/secret-store\.ts$/,
  /^packages\/agent\/src\/sds\/subscription\//,
];
/** The rooms that talk to other processes, and may therefore use protobuf messages. */
const edges =
  /^packages\/(ca-server|agent|cli)\/src\/(grpc|workers|admin|ca|sds|workload-api|inspect|authority|admission)\//;
const isDomain = ({ path }: Source) => domain.some((pattern) => pattern.test(path));
/** The agent's commands and the CA's workers have their own mains, so that they load nothing of the daemon. */
const mains = ["main.ts", "commands/main.ts", "workers/main.ts", "kasbah-agent.ts"];
const isMain = ({ room }: Source) => mains.includes(room);

/** Fails with every import that breaks the rule, so that one run shows them all. */
function noImport(forbidden: (source: Source, found: Import) => boolean): void {
  const broken = sources.flatMap((source) =>
    source.imports
      .filter((found) => forbidden(source, found))
      .map(({ specifier }) => `${source.path} imports ${specifier}`),
  );
  assert.deepEqual(broken, []);
}

function noText(pattern: RegExp, allowed: (source: Source) => boolean): void {
  const broken = sources
    .filter((source) => !allowed(source) && pattern.test(withoutComments(source.text)))
    .map(({ path }) => path);
  assert.deepEqual(broken, []);
}

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");

/**
 * The folders of the two transports; other code imports each only through its entry in the package's exports.
 */
const transports = ["packages/runtime/src/rpc/grpc-js/", "packages/runtime/src/rpc/http2/"];

const ours = (specifier: string) => specifier.startsWith("@kasbah/");

describe("dependency rules", () => {
  it("cover every source file, and name no room that does not exist", () => {
    assert.ok(sources.length > 60, `only ${sources.length} files`);
    const missing = [...domain, edges].filter((pattern) => !sources.some(({ path }) => pattern.test(path)));
    assert.deepEqual(missing, []);
    assert.ok(sources.flatMap(({ imports }) => imports).length > sources.length);
  });

  it("pki, protocol, runtime and the console import no other package of this repository", () => {
    const leaves = ["packages/pki", "packages/protocol", "packages/runtime", "packages/console"];
    noImport((source, { specifier }) => leaves.includes(source.package) && ours(specifier));
  });

  it("the ledger imports only pki and runtime, so that any program can read one without the CA", () => {
    noImport(
      ({ package: home }, { specifier }) =>
        home === "packages/ledger" && ours(specifier) && !/^@kasbah\/(pki|runtime)$/.test(specifier),
    );
  });

  it("the CA and the agent never import each other, and the CLI imports only the CA's flags, policy, refusals and stopped state", () => {
    noImport(({ package: home }, { specifier }) => {
      if (
        home === "packages/cli" &&
        /^@kasbah\/ca-server\/(arguments|state|policy|refusals)$/.test(specifier)
      )
        return false;
      return /^@kasbah\/(ca-server|agent)(\/|$)/.test(specifier);
    });
  });

  it("relative imports stay inside their package, except for the generated code", () => {
    noImport((source, { specifier }) => {
      const target = targetOf(source, specifier);
      if (target === undefined || target.startsWith(`${source.package}/src/`)) return false;
      return target !== "packages/protocol/generated/messages.js";
    });
  });

  it("the console runs in a browser, and only the CLI knows the types of its answers", () => {
    noImport(({ package: home }, { specifier, typeOnly }) =>
      home === "packages/console"
        ? !/^(\.|preact(\/|$))/.test(specifier)
        : /^@kasbah\/console(\/|$)/.test(specifier) && !(home === "packages/cli" && typeOnly),
    );
  });

  it("shipped code never imports the testkit", () => {
    noImport(
      ({ package: home }, { specifier }) =>
        home !== "packages/testkit" && /^@kasbah\/testkit(\/|$)/.test(specifier),
    );
  });

  it("the domain imports only pki, domain rooms, and types of the runtime and the ledger", () => {
    noImport((source, { specifier, typeOnly }) => {
      if (!isDomain(source) || specifier === "@kasbah/pki") return false;
      const values = ["@kasbah/runtime", "@kasbah/pki/certificate-writer", "@kasbah/ledger"];
      if (values.includes(specifier)) return !typeOnly;
      // The ledger's tree consists of hashes and signatures over given bytes.
      if (specifier === "node:crypto" && source.path.startsWith("packages/ledger/src/tree/")) return false;
      const target = targetOf(source, specifier);
      return (
        target === undefined ||
        !(target.endsWith("/errors.ts") || sources.some((other) => other.path === target && isDomain(other)))
      );
    });
  });

  it("protobuf messages stop at the edges", () => {
    noImport((source, { specifier, typeOnly }) => {
      if (specifier !== "@kasbah/protocol" || source.package === "packages/testkit") return false;
      // Operator views are the protocol's plain messages, so rooms that create them import the types.
      return isDomain(source) || !(typeOnly || edges.test(source.path));
    });
  });

  it("only the CA's public gRPC server uses grpc-js, and each transport is imported in one room", () => {
    noImport(({ path }, { specifier }) => {
      return (
        specifier.startsWith("@grpc/") && !/^packages\/(runtime\/src\/rpc\/grpc-js|testkit)\//.test(path)
      );
    });
    noImport(({ path, package: home }, { specifier, typeOnly }) => {
      if (specifier !== "@kasbah/runtime/grpc" || typeOnly || home === "packages/testkit") return false;
      return !/^packages\/ca-server\/src\/(grpc\/server|workers\/serving\/worker-service)\.ts$/.test(path);
    });
    noImport(({ path, package: home }, { specifier }) => {
      const isRoom =
        /^packages\/runtime\/src\/rpc\/(grpc-js|http2)\//.test(path) || home === "packages/testkit";
      return specifier === "node:http2" && !isRoom;
    });
    noImport((source, { specifier }) => {
      const target = targetOf(source, specifier);
      const transport = transports.find((folder) => target?.startsWith(folder));
      return transport !== undefined && !source.path.startsWith(transport);
    });
  });

  it("the agent, which runs once per pod, never loads grpc-js", () => {
    const loaded = loadedFrom(sources, "packages/agent/src/main.ts");
    assert.ok(loaded.has("packages/runtime/src/rpc/http2/server.ts"));
    const grpcJs = [...loaded].filter((path) => path.startsWith("packages/runtime/src/rpc/grpc-js/"));
    assert.deepEqual(grpcJs, []);
  });

  it("only pki's writer imports the certificate library, and the agent never loads it", () => {
    noImport(({ path }, { specifier }) => {
      if (/^(@peculiar\/|reflect-metadata)/.test(specifier))
        return !/^packages\/pki\/src\/writer\//.test(path);
      return specifier === "@kasbah/pki/certificate-writer" && path.startsWith("packages/agent/");
    });
  });

  it("pki and the domain use no files or sockets", () => {
    noImport((source, { specifier }) => {
      const io = /^node:(fs|net|http|https|http2|tls|dgram|child_process)/.test(specifier);
      return io && (source.package === "packages/pki" || isDomain(source));
    });
  });

  it("imports between files form no cycle, types included", () => {
    assert.equal(findCycle(sources, { types: true }), undefined);
  });

  it("imports between rooms form no cycle, types included", () => {
    assert.equal(findRoomCycle(sources), undefined);
  });

  it("only the clock and the mains read the time", () => {
    const clocks = (source: Source) => source.path === "packages/runtime/src/clock.ts" || isMain(source);
    noText(/\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bprocess\.(hrtime|uptime)/, clocks);
  });

  it("only the key room and the mains draw random numbers", () => {
    const rooms = (source: Source) =>
      /^packages\/pki\/src\/(keys\/key|certificate\/serial)\.ts$/.test(source.path) || isMain(source);
    noText(/\bMath\.random\(|\brandom(Bytes|UUID|Int|FillSync)\(|\bgetRandomValues\(/, rooms);
  });

  it("only the mains read the process", () => {
    noText(/\bprocess\.(env|argv|exit|on|once|cwd|stdout|stderr|stdin|kill|getuid)\b/, isMain);
  });

  it("nothing writes to the console", () => {
    noText(/\bconsole\.\w+\(/, () => false);
  });
});

describe("folders and names", () => {
  it("a folder holds at most 15 source files", () => {
    assert.deepEqual(crowdedFolders(sources, 15), []);
  });

  it("a prefix that three files of a folder share is a folder", () => {
    assert.deepEqual(sharedPrefixes(sources, 3), []);
  });

  it("an exported name has one meaning across all packages", () => {
    assert.deepEqual(repeatedNames(sources), []);
  });

  it("helpers that contain no test are named *.fixture.ts", () => {
    assert.deepEqual(testlessTests(), []);
  });

  it("no suite imports another suite, and no package test imports a suite", () => {
    assert.deepEqual(crossSuiteImports(), []);
  });
});

describe("the agent's bundle", () => {
  let [all, eager]: (readonly string[])[] = [[], []];
  const among = (modules: readonly string[] = [], forbidden: RegExp) =>
    modules.filter((path) => forbidden.test(path));

  before(async () => {
    [all, eager] = await Promise.all([allModules(), eagerModules()]);
  });

  it("contains no heavy library, not even one that loads later", () => {
    const heavy = /node_modules\/(@peculiar|@grpc|reflect-metadata|zod|commander|prom-client|pino[^/]*)\//;
    assert.deepEqual(among(all, heavy), []);
    assert.deepEqual(among(all, /^packages\/(pki\/src\/writer|ca-server|cli|testkit)\//), []);
  });

  it("loads the YAML library only when a configuration needs it", () => {
    assert.deepEqual(among(eager, /node_modules\/yaml\//), []);
  });

  it("loads the OpenTelemetry SDK only when an OTLP endpoint is configured", () => {
    assert.ok(among(all, /node_modules\/@opentelemetry\/sdk-trace\//).length > 0);
    assert.deepEqual(among(eager, /@opentelemetry|runtime\/src\/traces\/otlp/), []);
    assert.deepEqual(among(all, /node_modules\/@opentelemetry\/sdk-(logs|metrics)\//), []);
  });

  it("loads node-cron after the first secret, and no message of the operator", () => {
    assert.ok(among(all, /node_modules\/node-cron\//).length > 0);
    assert.deepEqual(among(eager, /node_modules\/node-cron\//), []);
    assert.deepEqual(among(all, /^packages\/protocol\/src\/(operator|health)/), []);
  });

  it("never calls fetch, whose parser needs WebAssembly, which the image disables", () => {
    const calls = sources.filter(
      ({ path, text }) => path.startsWith("packages/agent/") && /\b(?:await|return|=>|=) fetch\(/.test(text),
    );
    assert.deepEqual(
      calls.map(({ path }) => path),
      [],
    );
  });

  it("lists the modules that run at start and those that load later", () => {
    for (const path of ["packages/agent/src/main.ts", "packages/agent/src/sds/service.ts"])
      assert.ok(eager?.includes(path), path);
    assert.ok(among(all, /node_modules\/yaml\//).length > 10);
    assert.deepEqual(
      among(eager, /./).filter((path) => !all?.includes(path)),
      [],
    );
  });
});

describe("the checks behind the rules", () => {
  const source = (path: string, text: string): Source => ({
    path,
    package: "packages/x",
    room: path.split("/src/")[1] ?? "",
    text,
    imports: [...text.matchAll(/from "([^"]+)"/g)].map(([, specifier = ""]) => ({
      specifier,
      typeOnly: false,
    })),
  });

  it("find a cycle of three files", () => {
    const cycle = findCycle([
      source("packages/x/src/a.ts", 'import { b } from "./b.ts";'),
      source("packages/x/src/b.ts", 'import { c } from "./c.ts";'),
      source("packages/x/src/c.ts", 'import { a } from "./a.ts";'),
    ]);
    assert.deepEqual(
      cycle,
      ["a", "b", "c", "a"].map((name) => `packages/x/src/${name}.ts`),
    );
  });

  it("find a cycle of two rooms whose files form no cycle", () => {
    const cycle = findRoomCycle([
      source("packages/x/src/one/a.ts", 'import { d } from "../two/d.ts";'),
      source("packages/x/src/two/c.ts", 'import { b } from "../one/b.ts";'),
      source("packages/x/src/one/b.ts", ""),
      source("packages/x/src/two/d.ts", ""),
    ]);
    assert.deepEqual(cycle, ["packages/x/src/one", "packages/x/src/two", "packages/x/src/one"]);
  });

  it("find crowded folders, shared prefixes and names exported twice", () => {
    const files = ["a/x-one", "a/x-two", "a/x-three", "b/one"].map((name) =>
      source(`packages/x/src/${name}.ts`, "export interface Same {}"),
    );
    assert.deepEqual(crowdedFolders(files, 2), ["packages/x/src/a: 3 files"]);
    assert.deepEqual(sharedPrefixes(files, 3), ["packages/x/src/a/x-*: 3 files"]);
    assert.equal(repeatedNames(files).length, 1);
  });

  it("read every form of import", () => {
    const forms = sources.flatMap(({ imports }) => imports);
    assert.ok(forms.some(({ typeOnly }) => typeOnly));
    assert.ok(forms.some(({ specifier }) => specifier.startsWith("node:")));
    assert.ok(forms.some(({ specifier }) => specifier.endsWith(".ts")));
  });
});
