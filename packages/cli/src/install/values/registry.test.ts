import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { parseRegistry, registryValues } from "./registry.ts";

describe("The registry of the images", () => {
  it("is a host with an optional port and path", () => {
    for (const text of [
      "",
      "registry.example",
      "localhost:5000",
      "registry.example:443/team/mesh",
      "10.0.0.1/a",
    ])
      assert.equal(parseRegistry("--registry", text), text);
  });

  it("is refused with the name of the flag or variable that set it", () => {
    const wrong = [
      "https://registry.example",
      "registry.example/",
      "Registry.example",
      "user@registry.example",
      "registry.example/a:tag",
      "registry.example\n",
      "-registry",
      "registry.example/../a",
      "registry.example:port",
    ];
    for (const text of wrong)
      assert.throws(
        () => parseRegistry("KASBAH_REGISTRY", text),
        (error) =>
          error instanceof ConfigInvalidError && /^KASBAH_REGISTRY is /.test(error.problems[0] ?? ""),
        text,
      );
  });

  it("names the CA's image, and the flag takes precedence over the variable", () => {
    const repositoryOf = (flag?: string, variable?: string) =>
      registryValues(flag, variable).image?.repository;
    assert.equal(repositoryOf("a.example", "b.example"), "a.example/kasbah/server");
    assert.equal(repositoryOf(undefined, "b.example"), "b.example/kasbah/server");
  });

  it("sets nothing if no registry is set, so that the missing image stays an error", () => {
    assert.deepEqual(registryValues(undefined, undefined), {});
    assert.deepEqual(registryValues(undefined, ""), {});
    assert.deepEqual(registryValues("", "b.example"), {});
  });
});
