// Mocha's spec output, then the names of what was skipped; counts go to the file $KASBAH_TEST_TALLY for .ci/run to add up.
const { appendFileSync } = require("node:fs");
const { reporters, Runner } = require("mocha");

module.exports = class TallyReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on(Runner.constants.EVENT_TEST_PENDING, (test) => skipped.push(test.fullTitle()));
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      for (const title of skipped) process.stdout.write(`  skipped: ${title}\n`);
      const tally = process.env.KASBAH_TEST_TALLY;
      const { passes, failures, pending } = this.stats;
      if (tally) appendFileSync(tally, `${passes} ${failures} ${pending}\n`);
    });
  }
};
