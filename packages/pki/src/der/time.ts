import { PkiError } from "../errors.ts";
import type { DerElement } from "./reader.ts";
import { tag } from "./tag.ts";

/**
 * The instant of a UTCTime or GeneralizedTime in the only forms of RFC 5280 §4.1.2.5: seconds, no fraction, `Z`.
 * @throws PkiError `DER_MALFORMED`
 */
export function readTime(element: DerElement): Date {
  const { content } = element;
  const yearDigits = element.tag === tag.utcTime ? 2 : element.tag === tag.generalizedTime ? 4 : -1;
  if (content.length !== yearDigits + 11 || content[yearDigits + 10] !== 0x5a) throw wrongForm();
  const year =
    yearDigits === 4 ? number(content, 0) * 100 + number(content, 2) : fullYear(number(content, 0));
  const month = number(content, yearDigits);
  const day = number(content, yearDigits + 2);
  const hour = number(content, yearDigits + 4);
  const minute = number(content, yearDigits + 6);
  const second = number(content, yearDigits + 8);
  const instant = new Date(Date.UTC(2000, 0, 1, hour, minute, second));
  instant.setUTCFullYear(year, month - 1, day);
  // Date reads February 31 as a day in March, so a date exists only if it is read back unchanged.
  const exists = hour < 24 && minute < 60 && second < 60;
  if (exists && instant.getUTCMonth() === month - 1 && instant.getUTCDate() === day) return instant;
  throw new PkiError("DER_MALFORMED", "a time does not exist");
}

/** Two ASCII digits. */
function number(content: Uint8Array, at: number): number {
  const tens = (content[at] ?? 0) - 0x30;
  const ones = (content[at + 1] ?? 0) - 0x30;
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) throw wrongForm();
  return tens * 10 + ones;
}

/** UTCTime has a two-digit year from 1950 to 2049. */
function fullYear(utcTime: number): number {
  return utcTime < 50 ? 2000 + utcTime : 1900 + utcTime;
}

function wrongForm(): PkiError {
  return new PkiError("DER_MALFORMED", "a time is not in the form that RFC 5280 requires");
}
