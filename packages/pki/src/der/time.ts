import { PkiError } from "../errors.ts";
import type { DerElement } from "./reader.ts";
import { tag } from "./tag.ts";

const digits = /^[0-9]+Z$/;

/**
 * The instant of a UTCTime or GeneralizedTime in the only forms of RFC 5280 §4.1.2.5: seconds, no fraction, `Z`.
 * @throws PkiError `DER_MALFORMED`
 */
export function readTime(element: DerElement): Date {
  const text = Buffer.from(element.content).toString("latin1");
  const expected = element.tag === tag.utcTime ? 13 : element.tag === tag.generalizedTime ? 15 : -1;
  if (text.length !== expected || !digits.test(text)) {
    throw new PkiError("DER_MALFORMED", "a time is not in the form that RFC 5280 requires");
  }
  const full = text.length === 15 ? text : `${centuryOf(text)}${text}`;
  const iso = `${full.slice(0, 4)}-${full.slice(4, 6)}-${full.slice(6, 8)}T${full.slice(8, 10)}:${full.slice(10, 12)}:${full.slice(12, 14)}.000Z`;
  const instant = new Date(iso);
  // Date reads February 31 as a day in March, so a date exists only if it prints back unchanged.
  if (Number.isNaN(instant.getTime()) || instant.toISOString() !== iso) {
    throw new PkiError("DER_MALFORMED", "a time does not exist");
  }
  return instant;
}

/** UTCTime has a two-digit year from 1950 to 2049. */
function centuryOf(utcTime: string): string {
  return Number(utcTime.slice(0, 2)) < 50 ? "20" : "19";
}
