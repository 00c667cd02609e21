import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workerScript } from '../client/src/worker-script.ts';

/** Runs a script with a place to leave something. */
function run(script: string): unknown[] {
  const seen: unknown[] = [];
  new Function('seen', 'require', 'module', 'exports', script)(seen);
  return seen;
}

test('bundles run once, when they are asked for, also when they ask for one another', () => {
  const script = workerScript('"use strict";seen.push(require("./a.js").b, require("./a.js").b)// the end', {
    'a.js': 'seen.push("a runs");exports.early=1;exports.b=require("./b.js").value',
    'b.js': 'seen.push(require("./a.js").early);module.exports={value:2}//# sourceMappingURL=b.js.map',
    'never.js': 'seen.push("never")',
  });
  assert.deepEqual(run(script), ['a runs', 1, 2, 2]);
});

test('a bundle that is not there is named', () => {
  assert.throws(() => run(workerScript('require("./fs.js")', {})), /no bundle \.\/fs\.js/);
});
