import { EntryError, type Found, type IssuedEntry, type LedgerEntry, readEntryValue } from "@kasbah/ledger";
import { z } from "zod";
import type { CertificateRecord } from "../audit/render/certificate.ts";

// What `kasbah audit … --json` prints, back into values. A later release may say more around an entry, which is left out.

const entry = z.unknown().transform((value, context): LedgerEntry => {
  try {
    return readEntryValue(value);
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
});

const place = { slot: z.string().max(200), index: z.int().min(0) };
const none = Buffer.alloc(0);

const found = z
  .object({ ...place, entry })
  .transform(({ slot, index, entry: read }): Found => ({ slot, index, entry: read, line: none }));

const record = z
  .object({ ...place, authorityId: z.string().nullable(), entry })
  .refine((one) => one.entry.kind === "issued", "expected the entry of a certificate")
  .transform(
    ({ slot, index, authorityId, entry: read }): CertificateRecord => ({
      found: { slot, index, entry: read as IssuedEntry, line: none },
      authorityId: authorityId ?? undefined,
    }),
  );

const records = z.array(record).max(100_000);
const ends = z.object({ first: record, last: record });

/** `audit who --json`. */
export const whoAnswer = z.object({ certificates: records, more: z.boolean(), onRecord: ends.nullable() });

/** `audit cert --json`. */
export const certificateAnswer = z.object({ certificates: records, sameSerial: records });

/** `identities --json`. */
export const identitiesAnswer = z.object({ identities: records });

/** `audit tail --json`, whose lines are in a list. */
export const lastEntries = z.array(found).max(100_000);

export type WhoReply = z.infer<typeof whoAnswer>;
export type CertificateReply = z.infer<typeof certificateAnswer>;
export type IdentitiesReply = z.infer<typeof identitiesAnswer>;
