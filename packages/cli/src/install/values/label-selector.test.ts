import assert from "node:assert/strict";
import { argumentProblems } from "@kasbah/ca-server/arguments";
import { selectorText } from "./label-selector.ts";

describe("selectorText", () => {
  it("writes nothing for a selector of everything", () => {
    assert.equal(selectorText({}), "");
    assert.equal(selectorText({ matchLabels: {}, matchExpressions: [] }), "");
  });

  it("writes each requirement as the flag of the CA reads it, labels in the order of their keys", () => {
    const text = selectorText({
      matchLabels: { mesh: "on", "example.com/a": "" },
      matchExpressions: [
        { key: "env", operator: "In", values: ["x", "y"] },
        { key: "tier", operator: "NotIn", values: ["z"] },
        { key: "b", operator: "Exists" },
        { key: "legacy", operator: "DoesNotExist" },
      ],
    });
    assert.equal(text, "example.com/a=,mesh=on,env in (x,y),tier notin (z),b,!legacy");
    const argv = [
      "--kubernetes-api=https://api.test",
      "--root-config-map=a",
      `--root-config-map-namespaces=${text}`,
    ];
    assert.deepEqual(argumentProblems({ argv, env: {} }), []);
  });
});
