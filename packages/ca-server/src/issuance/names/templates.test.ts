import assert from "node:assert/strict";
import { parseTrustDomain, SpiffeId, type WorkloadName } from "@kasbah/pki";
import fc from "fast-check";
import { servingNames } from "../../config/serving-names.ts";
import { matches, openTerms, type Pattern } from "../rules.ts";
import type { Matched } from "./examples.ts";
import { grantedNames } from "./granted-names.ts";
import { ReservedNames } from "./reserved-names.ts";
import { findCollision, findReservedGrant, sharedTemplate } from "./templates.ts";

const trustDomain = parseTrustDomain("cluster.local");
const ownSpiffeId = SpiffeId.forWorkload(trustDomain, {
  namespace: "kasbah-system",
  serviceAccount: "kasbah",
});
const reserved = ReservedNames.from(
  servingNames({ additional: ["ca.corp.internal"], ownSpiffeId }),
  ownSpiffeId,
);
const anyName: readonly Pattern[] = [{ startsWith: "" }];
const everyone: Matched = { namespaces: anyName, serviceAccounts: anyName };
const within = (namespace: string): Matched => ({ ...everyone, namespaces: [{ exactly: namespace }] });

const granted = (caller: WorkloadName, template: string, names = reserved) =>
  grantedNames(SpiffeId.forWorkload(trustDomain, caller), { ...openTerms, dnsNames: [template] }, names);

describe("findReservedGrant", () => {
  const found: Readonly<Record<string, Matched>> = {
    "istiod.istio-system.svc": within("istio-system"),
    localhost: everyone,
    "kasbah.kasbah-system.svc.corp.example": everyone,
    "{serviceAccount}.kasbah-system.svc": everyone,
    "kasbah.{serviceAccount}.svc": everyone,
    "{namespace}.{serviceAccount}.svc": everyone,
    "{namespace}.{serviceAccount}.svc.cluster.local": everyone,
    "{serviceAccount}.corp.internal": everyone,
    "{serviceAccount}": everyone,
    "{namespace}": everyone,
    "k{serviceAccount}.kasbah-system": everyone,
  };
  for (const [template, matched] of Object.entries(found)) {
    it(`finds that ${template} becomes a name of the CA, with a caller that would get it`, () => {
      const grant = findReservedGrant(template, matched, reserved);
      assert.ok(grant !== undefined && reserved.contains(grant.name));
      if (grant.caller === undefined) return;
      assert.deepEqual(granted(grant.caller, template, ReservedNames.none), [grant.name]);
      assert.deepEqual(granted(grant.caller, template), [], "approval withholds it");
    });
  }

  const none: Readonly<Record<string, Matched>> = {
    "{serviceAccount}.{namespace}.svc": everyone,
    "{serviceAccount}.{namespace}.svc.cluster.local": everyone,
    "kasbah.{namespace}.svc": everyone,
    "{serviceAccount}.kasbah-system.svc": within("kasbah-system"),
    "{serviceAccount}.{serviceAccount}.svc": everyone,
    "{serviceAccount}.svc": everyone,
    "web.demo.svc": everyone,
  };
  for (const [template, matched] of Object.entries(none)) {
    it(`finds nothing in ${template} with ${JSON.stringify(matched.namespaces)}`, () => {
      assert.equal(findReservedGrant(template, matched, reserved), undefined);
    });
  }

  it("finds nothing if the rule does not match the callers that would get the name", () => {
    const matched = { ...everyone, serviceAccounts: [{ startsWith: "web-" }] };
    assert.equal(findReservedGrant("{serviceAccount}.kasbah-system.svc", matched, reserved), undefined);
  });
});

describe("grantedNames", () => {
  const callers = [
    { namespace: "evil", serviceAccount: "kasbah.kasbah-system" },
    { namespace: "kasbah-system", serviceAccount: "kasbah" },
    { namespace: "istio-system", serviceAccount: "istiod" },
    { namespace: "evil", serviceAccount: "localhost" },
  ];
  const templates = [
    "{serviceAccount}.svc",
    "{serviceAccount}.{namespace}.svc",
    "{serviceAccount}.{namespace}.svc.cluster.local",
    "{serviceAccount}",
  ];

  it("never contains a name of the CA, for any caller and template", () => {
    for (const caller of callers) {
      for (const template of templates) {
        const names = granted(caller, template);
        assert.ok(!names.some((name) => reserved.contains(name)), `${template}: ${names}`);
      }
    }
    assert.deepEqual(
      granted({ namespace: "demo", serviceAccount: "web" }, "{serviceAccount}.{namespace}.svc"),
      ["web.demo.svc"],
    );
  });

  it("contains a name of the CA if the rule demands it explicitly", () => {
    const spiffeId = SpiffeId.forWorkload(trustDomain, {
      namespace: "istio-system",
      serviceAccount: "istiod",
    });
    const terms = { ...openTerms, dnsNames: ["istiod.istio-system.svc"], dangerouslyCaNames: true };
    assert.deepEqual(grantedNames(spiffeId, terms, reserved), ["istiod.istio-system.svc"]);
  });
});

describe("findCollision", () => {
  const prefix = (startsWith: string) => [{ startsWith }];
  const ambiguous: Readonly<Record<string, Matched>> = {
    "{serviceAccount}-{namespace}.mesh.internal": everyone,
    "{namespace}-{serviceAccount}.mesh.internal": everyone,
    "{namespace}{serviceAccount}.internal": everyone,
    "x-{namespace}-in-{serviceAccount}.svc": everyone,
    "{namespace}-{serviceAccount}.svc": { namespaces: prefix("team-"), serviceAccounts: prefix("web-") },
    "{serviceAccount}-{namespace}.svc": {
      namespaces: [{ exactly: "b" }, { exactly: "a-b" }],
      serviceAccounts: anyName,
    },
  };
  for (const [template, matched] of Object.entries(ambiguous)) {
    it(`finds two callers with the same name of ${template} in ${JSON.stringify(matched.namespaces)}`, () => {
      const found = findCollision(template, matched);
      assert.ok(found);
      const [one, other] = found.callers;
      assert.notDeepEqual(one, other);
      for (const caller of found.callers) {
        assert.deepEqual(granted(caller, template, ReservedNames.none), [found.name]);
        assert.ok(matched.namespaces.some((pattern) => matches(pattern, caller.namespace)));
        assert.ok(matched.serviceAccounts.some((pattern) => matches(pattern, caller.serviceAccount)));
      }
    });
  }

  const clear: Readonly<Record<string, Matched>> = {
    "{serviceAccount}.{namespace}.svc": everyone,
    "{serviceAccount}.svc": everyone,
    "x-{namespace}-y.svc": everyone,
    "{namespace}-{namespace}.svc": everyone,
    "{serviceAccount}-{namespace}.svc": within("payments"),
    "fixed.svc": everyone,
  };
  for (const [template, matched] of Object.entries(clear)) {
    it(`finds nothing in ${template} with ${JSON.stringify(matched.namespaces)}`, () => {
      assert.equal(findCollision(template, matched), undefined);
    });
  }

  it("cannot find a collision of placeholders in labels of their own, because no two callers share a name", () => {
    const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,6}[a-z0-9])?$/);
    const caller = fc.record({ namespace: name, serviceAccount: name });
    fc.assert(
      fc.property(caller, caller, (one, other) => {
        const [first] = granted(one, "{serviceAccount}.{namespace}.mesh");
        const [second] = granted(other, "{serviceAccount}.{namespace}.mesh");
        assert.equal(first === second, JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });
});

describe("sharedTemplate", () => {
  it("is true if service accounts of several namespaces get one name", () => {
    assert.ok(sharedTemplate("{serviceAccount}.mesh.internal", everyone));
    assert.ok(!sharedTemplate("{serviceAccount}.mesh.internal", within("payments")));
    assert.ok(!sharedTemplate("{serviceAccount}.{namespace}.mesh.internal", everyone));
    assert.ok(!sharedTemplate("{namespace}.mesh.internal", everyone));
  });
});
