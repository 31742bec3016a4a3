import { parseDuration } from "@kasbah/runtime";
import { InvalidArgumentError } from "commander";

/** RFC 3339 §5.6. The offset is required because a local time is a different instant on each machine. */
const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|[+-]([01]\d|2[0-3]):([0-5]\d))$/;

/** Parses an instant as operators write it: RFC 3339, or a duration before now such as `2h` or `-2h`. */
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
    // The error below applies.
  }
  throw new InvalidArgumentError(
    "expected a time such as 2026-11-21T08:00:00Z, or how long ago: -2h, -90s, -3d.",
  );
}

/** JavaScript parses February 31 as March 3. */
function exact(text: string, [, year, month, day, hour, minute, second]: RegExpExecArray): Date {
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const read = new Date(`${local}Z`);
  const isReal = !Number.isNaN(read.getTime()) && read.toISOString().startsWith(local);
  if (!isReal) throw new InvalidArgumentError("expected a date and time that exist.");
  return new Date(text.toUpperCase().replace(" ", "T"));
}
