// What the stand-in for `code` gives to VS Code as the suite: it runs the real suite and witnesses that
// it came to a good end. VS Code reports success also when the extension host ended before the suite did
// (process.exit, a crash, kill -9); only a witness inside of it can tell the difference.
//
// This file is CommonJS because the extension host loads a suite with require().

const { writeFileSync } = require('node:fs');

/**
 * Runs the suite that CODEHOST_SUITE names, then creates the file that CODEHOST_WITNESS names.
 *
 * @returns {Promise<void>} Rejects, without creating the file, when the suite does or cannot be loaded.
 */
exports.run = async () => {
  await require(process.env.CODEHOST_SUITE).run();
  writeFileSync(process.env.CODEHOST_WITNESS, 'The suite has passed.\n');
};
