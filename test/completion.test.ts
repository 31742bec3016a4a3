import assert from "node:assert/strict";
import { temporaryDirectory } from "@kasbah/testkit";
import { completedShells } from "../packages/cli/src/shipped-files.ts";
import { completionScript } from "../scripts/completion/script.ts";
import {
  commandsBelow,
  kasbahProgram,
  type NamedCommand,
  shownOptions,
} from "../scripts/reference/cli/program.ts";
import { assertCompletes } from "./harness/shells/completion-cases.ts";

describe("Completion of the commands", () => {
  it("has every command and every flag, for each shell", () => {
    const help = kasbahProgram().createHelp();
    const isListed = ({ command }: NamedCommand) =>
      command.parent !== null && help.visibleCommands(command.parent).includes(command);
    const all = commandsBelow(kasbahProgram(), "kasbah").filter(isListed);
    assert.ok(all.length > 40);
    for (const shell of completedShells) {
      const script = completionScript(shell);
      for (const { name, command } of all) {
        const [, branch] = script.split(new RegExp(`^ +(?:case )?\\(?'${name}'\\)?$`, "m"));
        assert.ok(branch, `${shell}: ${name}`);
        for (const { long } of shownOptions(command))
          assert.ok(branch.includes(`${long}`), `${shell}: ${name} ${long}`);
      }
    }
  });

  it("completes words, values and paths in a real bash, and runs nothing that a name contains", async () => {
    await using folder = await temporaryDirectory();
    await assertCompletes("bash", { path: "bash" }, folder.path);
  });
});
