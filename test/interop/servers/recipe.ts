import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../harness/repository.ts";

/** What the page calls its places, and what they are in a test: `["/run/certs", "/tmp/…/certs"]`. */
export type Places = Readonly<Record<string, string>>;

/** The blocks of one section of docs/recipes.md, with the places of a test. Nothing else of them changes. */
export class Recipe {
  readonly #blocks: readonly { readonly language: string; readonly text: string }[];

  constructor(heading: string, places: Places) {
    const page = readFileSync(join(repositoryRoot, "docs/recipes.md"), "utf8");
    const [, section = ""] = page.split(new RegExp(`^##+ ${heading}\n`, "m"));
    const [own = ""] = section.split(/^##+ /m);
    this.#blocks = [...own.matchAll(/^```(\w*).*\n([\s\S]*?)^```$/gm)].map(
      ([, language = "", text = ""]) => ({
        language,
        text: Object.entries(places).reduce((done, [from, to]) => done.replaceAll(from, to), text),
      }),
    );
    assert.ok(this.#blocks.length > 0, `docs/recipes.md has no blocks in a section ${heading}`);
  }

  /** The only block of this language. */
  file(language: string): string {
    const found = this.#blocks.filter((block) => block.language === language);
    assert.equal(found.length, 1, `blocks of language "${language}"`);
    return found[0]?.text ?? "";
  }

  /** The only command that contains this word. */
  command(word: string): string {
    const found = this.#blocks.filter(({ language, text }) => language === "sh" && text.includes(word));
    assert.equal(found.length, 1, `commands with "${word}"`);
    return found[0]?.text.trim() ?? "";
  }
}
