import { readFileSync } from "node:fs";

const pageUrl = new URL("../../../docs/doctor.md", import.meta.url);

/** The findings of the doctor, from the tables of its page, which a test compares with the code. */
export function doctorCodes(): readonly {
  readonly code: string;
  readonly cause: string;
  readonly fix: string;
}[] {
  const rows = readFileSync(pageUrl, "utf8").matchAll(
    /^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \| (.*) \| (.*) \|$/gm,
  );
  return [...rows].flatMap(([, names = "", cause = "", fix = ""]) =>
    [...names.matchAll(/`([A-Z_]+)`/g)].map(([, code = ""]) => ({ code, cause, fix })),
  );
}
