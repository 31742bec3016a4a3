import assert from "node:assert/strict";
import { PkiError, parseCertificateRequest } from "@kasbah/pki";
import { assertCpuTimeBelow } from "@kasbah/testkit";
import type { Case, Verdict } from "../harness/csr/cases.ts";
import { forgeries } from "../harness/csr/forgeries.ts";
import { encodings } from "./csr/encodings.ts";
import { naiveVerdict } from "./csr/naive.ts";
import { stock } from "./csr/stock.ts";
import { wishes } from "./csr/wishes.ts";

const table: readonly Case[] = [...stock, ...wishes, ...forgeries, ...encodings];

function verdictOn(pem: string): Verdict {
  try {
    parseCertificateRequest(pem);
    return "accepted";
  } catch (error) {
    if (error instanceof PkiError && isVerdict(error.code)) return error.code;
    throw error;
  }
}

function isVerdict(code: string): code is Verdict {
  return code.startsWith("CSR_");
}

describe("Table of hostile CSRs", () => {
  it("contains at least three hundred CSRs with unique titles", () => {
    assert.ok(table.length >= 300, `${table.length}`);
    assert.equal(new Set(table.map(({ title }) => title)).size, table.length);
  });

  it("contains the CSRs of every stock client", () => {
    for (const client of ["pilot-agent", "ztunnel", "go", "openssl", "cert-manager"]) {
      assert.ok(
        stock.some(({ title }) => title.startsWith(`by ${client}: `)),
        client,
      );
    }
  });

  for (const [what, cases] of Object.entries({ stock, wishes, forgeries, encodings })) {
    it(`gets the expected verdict for each CSR in the group ${what}`, () => {
      const wrong = cases.flatMap(({ title, pem, verdict }) => {
        const seen = verdictOn(pem);
        const isRight = verdict === "refused" ? seen !== "accepted" : seen === verdict;
        return isRight ? [] : [`${title}: expected ${verdict}, got ${seen}`];
      });
      assert.deepEqual(wrong, []);
    });
  }

  it("is processed quickly, so that no CSR blocks other callers", async () => {
    const slow: string[] = [];
    for (const { title, pem } of table) {
      await assertCpuTimeBelow(250, () => verdictOn(pem)).catch((error) => slow.push(`${title}: ${error}`));
    }
    assert.deepEqual(slow, []);
  });

  it("contains CSRs that the library alone would accept", async () => {
    const refused = table.filter(({ verdict }) => verdict !== "accepted");
    const taken: string[] = [];
    for (const { title, pem } of refused) if ((await naiveVerdict(pem)) === "accepted") taken.push(title);
    process.stdout.write(
      `      the library alone accepts ${taken.length} of ${refused.length} CSRs that the CA rejects\n`,
    );
    assert.ok(taken.length > 0, "otherwise our own parser would be unnecessary");
  });
});
