import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { parseValues, type ValuesInput } from "./values.ts";

const image = { repository: "registry.example/kasbah/server" };

function problemsOf(values: ValuesInput): readonly string[] {
  try {
    parseValues({ image, ...values });
  } catch (error) {
    assert.ok(error instanceof ConfigInvalidError, String(error));
    return error.problems;
  }
  return [];
}

describe("Values of the pod and the objects around it", () => {
  const wrong: [ValuesInput, RegExp][] = [
    [{ fullnameOverride: "mesh-ca" }, /^fullnameOverride: only for Helm; kasbah install always uses/],
    [{ nameOverride: "mesh-ca" }, /^nameOverride: only for Helm/],
    [
      { serviceAccount: { create: false } },
      /^serviceAccount\.name: required if serviceAccount\.create is false$/,
    ],
    [
      { pod: { extraEnv: [{ name: "POD_NAME", value: "x" }] } },
      /^pod\.extraEnv: POD_NAME is already set; remove it$/,
    ],
    [{ service: { loadBalancerClass: "x" } }, /^service: loadBalancerClass, .* require type LoadBalancer$/],
    [
      { service: { type: "NodePort", loadBalancerSourceRanges: ["192.0.2.0/24"] } },
      /require type LoadBalancer$/,
    ],
    [{ service: { nodePort: 30012 } }, /^service: nodePort and externalTrafficPolicy require type NodePort/],
    [{ service: { externalTrafficPolicy: "Local" } }, /require type NodePort or LoadBalancer$/],
    [{ volume: { existingClaim: "restored" }, replicas: 3 }, /^volume\.existingClaim: one replica only/],
    [
      { volume: { existingClaim: "restored", enabled: false } },
      /^volume\.existingClaim: requires volume\.enabled$/,
    ],
  ];
  for (const [values, words] of wrong) {
    it(`are rejected in combinations that cannot work: ${JSON.stringify(values)}`, () => {
      const problems = problemsOf(values);
      assert.equal(problems.length, 1, String(problems));
      assert.match(problems.join(), words);
    });
  }

  it("are accepted with the types of Service that have them", () => {
    for (const service of [
      { type: "NodePort", nodePort: 30012, externalTrafficPolicy: "Local" },
      { type: "LoadBalancer", nodePort: 30012, loadBalancerClass: "x", externalTrafficPolicy: "Cluster" },
    ] as const) {
      assert.deepEqual(problemsOf({ service }), []);
    }
  });
});
