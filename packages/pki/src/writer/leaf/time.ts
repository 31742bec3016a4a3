import type { Octets } from "./octets.ts";

/**
 * A time as RFC 5280 §4.1.2.5 requires it: UTCTime up to 2049, GeneralizedTime from 2050. Fractions of a second
 * are dropped.
 */
export interface EncodedTime {
  readonly identifier: 0x17 | 0x18;
  /** ASCII: `YYMMDDHHMMSSZ`, or with a year of four digits. */
  readonly text: string;
}

/** @throws RangeError if the year is before 1950 or after 9999 */
export function encodeTime(time: Date): EncodedTime {
  const year = time.getUTCFullYear();
  if (!(year >= 1950 && year <= 9999)) throw new RangeError("a certificate cannot contain this year");
  const date = two(time.getUTCMonth() + 1) + two(time.getUTCDate());
  const rest =
    date + two(time.getUTCHours()) + two(time.getUTCMinutes()) + two(time.getUTCSeconds()).concat("Z");
  return year < 2050
    ? { identifier: 0x17, text: two(year % 100) + rest }
    : { identifier: 0x18, text: year + rest };
}

/** Both times are at most 15 octets, so every length fits in one octet. */
export function writeTime(octets: Octets, { identifier, text }: EncodedTime): void {
  octets.open(identifier, text.length).latin1(text);
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}
