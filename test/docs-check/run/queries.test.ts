import assert from "node:assert/strict";
import { isQuery } from "./queries.ts";

describe("A command is repeated until it prints what its page shows", () => {
  for (const command of [
    "kasbah audit tail",
    "kasbah -n kasbah-system authority list --all",
    "kasbah why 9f2c51d07ab4",
    "kasbah-agent status --json",
    "curl -s http://127.0.0.1:15014/healthz/ready",
    "kubectl -n demo get pods",
    "kubectl -n demo exec frontend -c kasbah-agent -- kasbah-agent status",
    "openssl x509 -in leaf.pem -noout -serial",
  ])
    it(`if it only asks: ${command}`, () => assert.ok(isQuery(command)));

  for (const command of [
    "kasbah authority rotate --root",
    "kasbah authority distrust root-1 --yes",
    "kasbah audit accept-loss --reason x",
    "kasbah backup ca.backup",
    "kasbah install --set image.repository=x --apply",
    "kubectl delete namespace demo",
    "curl -X POST http://127.0.0.1/",
    "mv state state.lost",
  ])
    it(`unless it changes something: ${command}`, () => assert.ok(!isQuery(command)));
});
