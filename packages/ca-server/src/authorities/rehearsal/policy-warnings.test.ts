import assert from "node:assert/strict";
import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock } from "@kasbah/testkit";
import { openTerms } from "../../issuance/rules.ts";
import { type AuthoritiesOnDisk, openOnDisk } from "../authorities-on-disk.fixture.ts";
import { caExtensions, now, OpensslHome } from "../plugged-in/openssl-home.fixture.ts";
import { createPolicyWarnings } from "./policy-warnings.ts";

describe("Warnings about a policy that the CA in use cannot fulfill", () => {
  let home: OpensslHome;
  const clock = new FakeClock(now);

  before(async () => {
    home = await OpensslHome.create();
    const excluding = `${caExtensions}nameConstraints=critical,excluded;DNS:corp.example\n`;
    await home.createIntermediate("excluding", "root", { extensions: excluding });
  });
  after(() => home.remove());

  async function open(name: string): Promise<AuthoritiesOnDisk> {
    await home.plugIn(name, "root");
    return openOnDisk({ path: home.path(`state-${name}`), clock, pluggedInDirectory: home.directory });
  }
  const warningsOf = ({ keeper }: AuthoritiesOnDisk, ...dnsNames: readonly string[]) => {
    const fallback = { ...openTerms, dnsNames };
    const policy = () => ({ rules: [], fallback, defaultTtlMs: 1, maxTtlMs: 1, ttlCeilingMs: 1 });
    const trustDomain = parseTrustDomain("cluster.local");
    return createPolicyWarnings({ issuers: keeper, policy, trustDomain, clock }).warnings();
  };

  it("name the certificate and the name", async () => {
    const ca = await open("excluding");
    const [warning, ...more] = warningsOf(ca, "{serviceAccount}.demo.svc", "{namespace}.corp.example");
    assert.match(
      warning ?? "",
      /^forbidden-dns-name: .* O=test, CN=excluding excludes .* \(example\.corp\.example\)$/,
    );
    assert.deepEqual(more, []);
  });

  it("are absent if the constraints permit every name, or if there are none", async () => {
    assert.deepEqual(warningsOf(await open("excluding"), "web.demo.svc"), []);
    assert.deepEqual(warningsOf(await open("good"), "web.corp.example"), []);
  });
});
