// Prints the spec report and the names of skipped tests. Appends the counts to the file $KASBAH_TEST_TALLY and every failed test
// to $KASBAH_TEST_FAILURES: .ci/run adds the counts up and repeats the failures last, where a shortened log still shows them.
const { appendFileSync } = require("node:fs");
const { relative } = require("node:path");
const { reporters, Runner } = require("mocha");

module.exports = class TallyReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const [skipped, lost] = [[], []];
    runner.on(Runner.constants.EVENT_TEST_PENDING, (test) => skipped.push(test.fullTitle()));
    runner.on(Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      // With --parallel, mocha names the file only here if it cannot be loaded, or if its process ends.
      if (error.file) lost.push(relative(process.cwd(), error.file));
      const failures = process.env.KASBAH_TEST_FAILURES;
      if (failures)
        appendFileSync(
          failures,
          `failed: ${error.file ?? test.fullTitle()}\n  ${error.stack ?? error.message ?? error}\n`,
        );
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      for (const file of lost) process.stdout.write(`  did not run to its end: ${file}\n`);
      for (const title of skipped) process.stdout.write(`  skipped: ${title}\n`);
      const tally = process.env.KASBAH_TEST_TALLY;
      const { passes, failures, pending } = this.stats;
      if (tally) appendFileSync(tally, `${passes} ${failures} ${pending}\n`);
    });
  }
};
