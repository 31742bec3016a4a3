import { parseDuration } from "@kasbah/runtime";
import { InvalidArgumentError } from "commander";

/** RFC 3339 §5.6; a time without an offset means another instant on each machine. */
const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|[+-]([01]\d|2[0-3]):([0-5]\d))$/;

/** An instant as an operator writes it: RFC 3339, or how long ago, `2h` or `-2h`. */
export function parseInstant(text: string, now: Date): Date {
  const fields = rfc3339.exec(text);
  if (fields !== null) return exact(text, fields);
  if (/^\d{4}-/.test(text))
    throw new InvalidArgumentError(
      "expected RFC 3339 with an offset, such as 2026-11-21T08:00:00Z or 2026-11-21T09:00:00+01:00.",
    );
  try {
    const ago = new Date(now.getTime() - parseDuration(text.replace(/^-/, "")));
    if (!Number.isNaN(ago.getTime())) return ago;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError(
    "expected a time such as 2026-11-21T08:00:00Z, or how long ago: -2h, -90s, -3d.",
  );
}

/** JavaScript takes the 31st of February for the 3rd of March. */
function exact(text: string, [, year, month, day, hour, minute, second]: RegExpExecArray): Date {
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const read = new Date(`${local}Z`);
  const isReal = !Number.isNaN(read.getTime()) && read.toISOString().startsWith(local);
  if (!isReal) throw new InvalidArgumentError("expected a date and time that exist.");
  return new Date(text.toUpperCase().replace(" ", "T"));
}
