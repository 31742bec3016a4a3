// Collects the explanations of all codes from the pages, so that `kasbah why <CODE>` repeats them, in packages/cli/generated.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pages = ["docs/refusals.md", "docs/errors.md"];
const output = join(root, "packages/cli/generated");

/** The columns of the tables, by the names that the command prints. */
const columns = {
  gRPC: "status",
  retry: "retry",
  cause: "cause",
  "reaction of the agent": "reaction",
  fix: "fix",
  "who fixes it, and how": "fix",
};

const explanations = pages.flatMap((page) => explanationsIn(page, readFileSync(join(root, page), "utf8")));
mkdirSync(output, { recursive: true });
writeFileSync(join(output, "codes.json"), `${JSON.stringify(explanations)}\n`);

/** One for each code and row. */
function explanationsIn(page, text) {
  const found = [];
  let [section, header] = ["", undefined];
  for (const line of text.split("\n")) {
    const heading = /^#{2,3} (.*)$/.exec(line)?.[1];
    if (heading !== undefined) section = heading;
    if (!line.startsWith("|")) {
      header = undefined;
      continue;
    }
    const cells = cellsOf(line);
    if (header === undefined) header = cells;
    else if (header[0] === "code" && !/^[-|\s]+$/.test(line)) {
      for (const [, code] of cells[0].matchAll(/`([A-Z][A-Z0-9_]+)`/g))
        found.push({ code, page, section, ...fieldsOf(header, cells), see: linksIn(page, cells) });
    }
  }
  return found;
}

/** The cells of a row; `\|` is a character. */
function cellsOf(line) {
  return line
    .slice(1)
    .replace(/\|\s*$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll("\\|", "|").trim());
}

function fieldsOf(header, cells) {
  const named = header.map((name, index) => [columns[name], plain(cells[index] ?? "")]);
  return Object.fromEntries(named.filter(([name]) => name !== undefined));
}

/** The pages that a row links to, whose names its plain text no longer has. */
function linksIn(page, cells) {
  const targets = [...cells.join(" ").matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target);
  const pathOf = (target) => (target.startsWith("#") ? `${page}${target}` : join(dirname(page), target));
  return [...new Set(targets.map(pathOf))];
}

/** Without the marks of Markdown; a link keeps its text. */
function plain(text) {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
