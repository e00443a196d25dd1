// Runs the module over captures and compares its reports with the command's, byte for byte:
// node compare.mjs MODULE COMMAND CAPTURE...
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const FORMATS = ['json', 'text', 'html', 'markdown', 'csv'];

const [, , path, command, ...captures] = process.argv;
assert(captures.length > 0, 'no captures to compare');
const module = new WebAssembly.Module(readFileSync(path));
assert.deepEqual(WebAssembly.Module.imports(module), [], 'the module needs something of its host');
const { exports: probe } = new WebAssembly.Instance(module, {});

// Taken anew each time: memory that grows moves.
const bytes = (at, length) => new Uint8Array(probe.memory.buffer, at, length);
const give = (input) => bytes(probe.input(input.length), input.length).set(input);

let read = 0;
for (const capture of captures) {
  give(new TextEncoder().encode(capture));
  probe.name();
  give(readFileSync(capture));
  read += probe.capture();
}
for (const [number, format] of FORMATS.entries()) {
  const length = probe.render(number);
  const ours = Buffer.from(bytes(probe.output(), length));
  const run = spawnSync(command, ['--format', format, '--color', 'never', ...captures], {
    maxBuffer: 2 ** 28,
  });
  assert.ifError(run.error);
  assert(run.stdout.length > 0, `the command gave no ${format}: ${run.stderr}`);
  assert(ours.equals(run.stdout), `the ${format} differs from the command's`);
  console.log(`${format}: ${length} bytes, as the command's`);
}
console.log(`${read} of ${captures.length} captures read, no imports`);
