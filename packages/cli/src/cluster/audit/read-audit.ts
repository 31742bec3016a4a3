import {
  EntryError,
  type Found,
  type IssuedEntry,
  type LedgerEntry,
  type OperatorEntry,
  readEntryValue,
  servingFactsOf,
} from "@kasbah/ledger";
import { z } from "zod";
import type { CertificateRecord } from "../../audit/render/certificate.ts";
import { entryOfPrinted } from "../../audit/render/printed-entry.ts";
import type { ServingRecord } from "../../audit/render/serving.ts";

// Parses what `kasbah audit … --json` prints. Fields that later releases add around an entry are ignored.

const entry = z.unknown().transform((value, context): LedgerEntry => {
  try {
    return readEntryValue(value);
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
});

const traceId = z.string().max(32).optional();
const place = { slot: z.string().max(200), index: z.int().min(0), traceId };
const none = Buffer.alloc(0);

const found = z.object({ ...place, entry }).transform(
  ({ slot, index, entry: read, traceId: trace }): Found => ({
    ...{ slot, index, line: none },
    entry: entryOfPrinted(read, trace),
  }),
);

const record = z
  .object({ ...place, authorityId: z.string().nullable(), entry })
  .refine((one) => one.entry.kind === "issued", "expected the entry of a certificate")
  .transform(
    ({ slot, index, authorityId, entry: read, traceId: trace }): CertificateRecord => ({
      found: { slot, index, entry: entryOfPrinted(read as IssuedEntry, trace), line: none },
      authorityId: authorityId ?? undefined,
    }),
  );

const serving = z
  .object({ ...place, authorityId: z.string().nullable(), entry })
  .refine((one) => servingFactsOf(one.entry) !== undefined, "expected the entry of a serving certificate")
  .transform(
    ({ slot, index, authorityId, entry: read }): ServingRecord => ({
      found: { slot, index, entry: read as OperatorEntry, line: none },
      authorityId: authorityId ?? undefined,
    }),
  );

const records = z.array(record).max(100_000);
const ends = z.object({ first: record, last: record });

/** Output of `audit who --json`. */
export const whoAnswer = z.object({ certificates: records, more: z.boolean(), onRecord: ends.nullable() });

/** Output of `audit cert --json`. Earlier releases do not record serving certificates. */
export const certificateAnswer = z.object({
  certificates: records,
  sameSerial: records,
  serving: z.array(serving).max(100_000).default([]),
});

/** Output of `identities --json`. */
export const identitiesAnswer = z.object({ identities: records });

/** Output of `audit tail --json --list`. */
export const lastEntries = z.array(found).max(100_000);

export type WhoReply = z.infer<typeof whoAnswer>;
export type CertificateReply = z.infer<typeof certificateAnswer>;
export type IdentitiesReply = z.infer<typeof identitiesAnswer>;
