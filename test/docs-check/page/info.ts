/** What the info string of a fence says: "console exits=1", "yaml file=policy.yaml", "sh untested: needs a cloud". */
export interface FenceInfo {
  readonly language: string;
  /** The file that the block is written to instead of being run. */
  readonly file: string | undefined;
  /** The terminal in which the commands run; the first by default. */
  readonly terminal: number;
  /** The exit code of the last command of the block. */
  readonly exits: number;
  /** The test of another suite that runs the commands as the page shows them. */
  readonly by: string | undefined;
  /** Why no test runs the commands; undefined if one does. */
  readonly untested: string | undefined;
}

/** @throws RangeError with a sentence for the author of the page */
export function parseInfo(info: string): FenceInfo {
  const [, words = "", untested] = /^(.*?)(?:\buntested:(.*))?$/.exec(info.trim()) ?? [];
  const [language = "", ...settings] = words.trim().split(/\s+/);
  if (language === "") throw new RangeError("the block has no language: sh, console, output, text, yaml, …");
  if (untested?.trim() === "") throw new RangeError("untested: needs a reason");
  const values = new Map(settings.map((setting) => readSetting(setting)));
  return {
    language,
    file: values.get("file"),
    by: values.get("by"),
    terminal: numberOf(values, "terminal", 1),
    exits: numberOf(values, "exits", 0),
    untested: untested?.trim(),
  };
}

function readSetting(setting: string): readonly [string, string] {
  const [, name = "", value = ""] = /^(file|by|terminal|exits)=(\S+)$/.exec(setting) ?? [];
  if (name === "")
    throw new RangeError(
      `unknown word ${setting} after the language: expected file=, by=, terminal=, exits= or untested:`,
    );
  return [name, value];
}

function numberOf(values: ReadonlyMap<string, string>, name: string, otherwise: number): number {
  const value = values.get(name) ?? String(otherwise);
  if (!/^\d+$/.test(value)) throw new RangeError(`${name}=${value} is not a number`);
  return Number(value);
}
