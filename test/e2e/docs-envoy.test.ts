import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@kasbah/testkit";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { repositoryRoot } from "../harness/repository.ts";

describe("Envoy configuration in the documentation", function () {
  this.timeout(setUpTimeoutMs);

  const agent = yamlBlocks(join(repositoryRoot, "docs/agent.md"));
  const [delta = ""] = yamlBlocks(join(repositoryRoot, "docs/sds.md"));
  const pages: readonly [string, readonly string[]][] = [
    ["docs/agent.md", agent],
    ["docs/sds.md", [agent[0] ?? "", `common_tls_context:\n${indent(delta, 2)}`]],
  ];
  for (const [page, blocks] of pages) {
    it(`is valid when it is pasted from ${page} into a listener`, async () => {
      await using directory = await temporaryDirectory();
      const path = directory.join("envoy.yaml");
      writeFileSync(path, bootstrapWith(blocks));
      execFileSync(await testEnvoy(), ["--mode", "validate", "-c", path], { stdio: "pipe" });
    });
  }
});

function yamlBlocks(page: string): readonly string[] {
  return [...readFileSync(page, "utf8").matchAll(/```yaml[^\n]*\n([\s\S]*?)```/g)].map(
    ([, block = ""]) => block,
  );
}

function bootstrapWith([clusters = "", tlsContext = ""]: readonly string[]): string {
  return `
node: { id: docs, cluster: docs }
static_resources:
${indent(clusters, 2)}
  listeners:
    - name: inbound
      address: { socket_address: { address: 127.0.0.1, port_value: 10000 } }
      filter_chains:
        - filters: []
          transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
              require_client_certificate: true
${indent(tlsContext, 14)}
`;
}

function indent(block: string, columns: number): string {
  return block.replace(/^(?=.)/gm, " ".repeat(columns));
}
