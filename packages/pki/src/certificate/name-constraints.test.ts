import assert from "node:assert/strict";
import { assertCpuTimeBelow } from "@kasbah/testkit";
import { constructedTag, primitiveTag, tag } from "../der/tag.ts";
import { encode, encodeOid, encodeSequence } from "../der/writer.ts";
import { hex, nameOf, uri } from "../forge.fixture.ts";
import { type GeneralName, readGeneralNames } from "../names/general-name.ts";
import { oid } from "../oids.ts";
import { nameProblem, readNameConstraints } from "./name-constraints.ts";

const dns = (text: string) => encode(primitiveTag(2), Buffer.from(text, "latin1"));
const ip = (digits: string) => encode(primitiveTag(7), hex(digits));
const mail = (text: string) => encode(primitiveTag(1), Buffer.from(text));
const directory = (...parts: Uint8Array[]) =>
  encode(constructedTag(4), encodeSequence(...parts.map((part) => part.subarray(2))));
const organization = (text: string, stringTag?: number) => nameOf(oid.organization, text, stringTag);
const unit = (text: string) => nameOf("2.5.4.11", text);

const subtrees = (number: number, bases: readonly Uint8Array[]) =>
  bases.length === 0 ? [] : [encode(constructedTag(number), ...bases.map((base) => encodeSequence(base)))];
const constrain = (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = []) =>
  readNameConstraints(encodeSequence(...subtrees(0, permitted), ...subtrees(1, excluded)));
const names = (...encoded: Uint8Array[]): readonly GeneralName[] =>
  readGeneralNames(encodeSequence(...encoded));

const permits = (base: Uint8Array, name: Uint8Array) => nameProblem(constrain([base]), names(name));
const excludes = (base: Uint8Array, name: Uint8Array) => nameProblem(constrain([], [base]), names(name));

/** A subtree, a name inside it and a name outside it. */
const cases: readonly (readonly [Uint8Array, Uint8Array, Uint8Array])[] = [
  [uri("td"), uri("spiffe://td/a"), uri("spiffe://a.td/a")],
  [uri("td"), uri("SPIFFE://TD"), uri("spiffe://td2/td")],
  [uri("td"), uri("https://td:8443/?x"), uri("https://other/#://td/")],
  [uri("TD"), uri("spiffe://td?a@b"), uri("spiffe://xtd/")],
  [uri(".td"), uri("spiffe://a.b.td/a"), uri("spiffe://td/a")],
  [uri(".td"), uri("spiffe://a.td/a"), uri("spiffe://atd/a")],
  [uri("my_mesh"), uri("spiffe://my_mesh/a"), uri("spiffe://my-mesh/a")],
  [dns("a.test"), dns("A.test"), dns("ba.test")],
  [dns("a.test"), dns("b.a.test"), dns("test")],
  [dns(".a.test"), dns("b.a.test"), dns("a.test")],
  [ip("0a000000 ff000000"), ip("0a010203"), ip("0b010203")],
  [ip("0a000000 ff000000"), ip("0affffff"), ip(`${"00".repeat(10)}ffff0b000001`)],
  [ip(`${"20".repeat(16)}${"ff".repeat(16)}`), ip("20".repeat(16)), ip(`${"20".repeat(15)}21`)],
  [
    directory(organization("A")),
    directory(organization("A"), unit("x")),
    directory(unit("x"), organization("A")),
  ],
  [
    directory(organization("A b")),
    directory(organization(" a   B", tag.printableString)),
    directory(organization("A b c")),
  ],
];

/** Pairs of a subtree and a name whose relation parsers disagree on. */
const unclear: readonly (readonly [Uint8Array, Uint8Array])[] = [
  ...[
    "urn:uuid:1",
    "spiffe:///a",
    "td",
    "//td/a",
    "spiffe://td./a",
    "spiffe://.td/a",
    "spiffe://a..td/a",
    "spiffe://evil@td/a",
    "spiffe://td@evil/a",
    "spiffe://evil\\@td/a",
    "spiffe://t%64/a",
    "spiffe://td:80:80/a",
    "spiffe://td\0/a",
    "spiffe://td\n/a",
    "\nspiffe://td/a",
    "spiffe://td\xff/a",
    "spiffe://10.1.2.3/a",
    "spiffe://0x.1/a",
    "spiffe://[::1]/a",
  ].map((text) => [uri("td"), uri(text)] as const),
  ...["", ".", "*.td", "td/", "spiffe://td", "td.", "t d"].map(
    (base) => [uri(base), uri("spiffe://td/a")] as const,
  ),
  ...["*.a.test", "", "a.test.", "a.test\0", " a.test"].map((name) => [dns("a.test"), dns(name)] as const),
  [dns("*.a.test"), dns("b.a.test")],
  [ip("0a000000ff000000"), ip("0a0102")],
  [ip("0a000000"), ip("0a010203")],
  [ip("0a000000ff00ff00"), ip("0a010203")],
  [directory(organization("a")), directory(organization("a", 0x1e))],
  [mail("td"), mail("a@td")],
  [encode(primitiveTag(8), hex("2a0304")), encode(primitiveTag(8), hex("2a0304"))],
];

describe("nameProblem", () => {
  it("rejects a name that cannot be evaluated, in a permitted as well as in an excluded subtree", () => {
    for (const [base, name] of unclear) {
      const what = Buffer.from(name).toString("latin1");
      for (const problem of [permits(base, name), excludes(base, name)]) {
        assert.match(problem ?? "accepted", /cannot be evaluated|not supported/, what);
      }
    }
  });

  it("rejects only names outside the permitted subtrees or inside the excluded ones", () => {
    for (const [base, inside, outside] of cases) {
      const what = Buffer.from(inside).toString("latin1");
      assert.equal(permits(base, inside), undefined, what);
      assert.equal(excludes(base, outside), undefined, what);
      assert.match(permits(base, outside) ?? "accepted", /does not permit/, what);
      assert.match(excludes(base, inside) ?? "accepted", /excludes/, what);
    }
  });

  it("rejects all names if one of them is not permitted, and gives exclusion precedence over permission", () => {
    const good = uri("spiffe://td/a");
    assert.equal(nameProblem(constrain([uri("td"), uri("b")]), names(good, uri("spiffe://b/"))), undefined);
    assert.ok(nameProblem(constrain([uri("td")]), names(good, uri("spiffe://b/"))));
    assert.match(nameProblem(constrain([uri("td")], [uri("td")]), names(good)) ?? "", /excludes/);
  });

  it("accepts names of unconstrained kinds, as RFC 5280 specifies", () => {
    const bases = [uri("other"), ip("0a000000ff000000"), mail("x")];
    assert.equal(nameProblem(constrain(bases, bases), names(dns("a.test"))), undefined);
  });

  it("rejects thousands of names under thousands of subtrees without comparing them", async () => {
    const many = Array.from({ length: 5000 }, (_, index) => dns(`a${index}.test`));
    const [constraints, all] = [constrain([], many), names(...many)];
    await assertCpuTimeBelow(100, () => {
      assert.match(nameProblem(constraints, all) ?? "", /too many names/);
    });
  });

  const malformed: Readonly<Record<string, Uint8Array>> = {
    "no subtrees": encodeSequence(),
    "an empty list of subtrees": encodeSequence(encode(constructedTag(0))),
    "a subtree without a base": encodeSequence(encode(constructedTag(0), encodeSequence())),
    "a minimum": encodeSequence(
      encode(constructedTag(0), encodeSequence(uri("td"), encode(primitiveTag(0), hex("01")))),
    ),
    "excluded before permitted": encodeSequence(...subtrees(1, [uri("a")]), ...subtrees(0, [uri("b")])),
    "a third list": encodeSequence(...subtrees(0, [uri("a")]), ...subtrees(2, [uri("b")])),
    "an element that is not a name": encodeSequence(
      encode(constructedTag(0), encodeSequence(encodeOid("1.2.3"))),
    ),
  };
  for (const [what, value] of Object.entries(malformed)) {
    it(`rejects as malformed name constraints with ${what}`, () => {
      assert.throws(() => readNameConstraints(value), { code: "DER_MALFORMED" });
    });
  }
});
