// What the layout of a report has to keep to in Chromium.
//
// `run` makes the pages. usage: node layout.mjs PAGE.html...

import { availableParallelism, tmpdir } from 'node:os';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const WIDTHS = [360, 768, 1440];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const pages = process.argv.slice(2);
if (pages.length === 0) throw new Error('usage: node layout.mjs PAGE.html...');
const profile = mkdtempSync(join(tmpdir(), 'layout-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const faults = [];
const queue = [...pages];
await Promise.all(Array.from({ length: availableParallelism() }, async () => {
  const tab = await context.newPage();
  for (let path = queue.shift(); path; path = queue.shift()) {
    for (const fault of await check(tab, path)) faults.push(`${basename(path)}: ${fault}`);
  }
}));
await context.close();
rmSync(profile, { recursive: true });

for (const fault of faults) console.error(fault);
console.log(`${pages.length} pages at ${WIDTHS.join(', ')} pixels: ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);

/** What is wrong with the page at `path`. */
async function check(tab, path) {
  const found = [];
  await tab.goto(pathToFileURL(path).href);
  for (const width of WIDTHS) {
    await tab.setViewportSize({ width, height: 900 });
    for (const fault of await tab.evaluate(layout)) found.push(`${width} pixels: ${fault}`);
  }
  found.push(...await keyboard(tab));
  for (const colorScheme of ['light', 'dark']) {
    await tab.emulateMedia({ colorScheme });
    await tab.evaluate(AXE);
    const { violations } = await tab.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
    for (const { id, nodes } of violations) {
      found.push(`${colorScheme}: ${id}: ${nodes[0].html.slice(0, 120)}`);
    }
    for (const fault of await tab.evaluate(contrastInDrawings)) found.push(`${colorScheme}: ${fault}`);
  }
  return found;
}

/** In the page: what is cut, and what lies over other text. */
function layout() {
  const found = [];
  const root = document.documentElement;
  for (const details of document.querySelectorAll('details')) details.open = true;
  if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} pixels wide`);
  for (const cell of document.querySelectorAll('th, td')) {
    if (cell.scrollWidth > cell.clientWidth + 1) found.push(`"${cell.textContent}" is wider than its cell`);
  }
  for (const drawing of document.querySelectorAll('svg')) {
    const frame = (drawing.closest('.ladder') ?? drawing).getBoundingClientRect();
    const texts = [...drawing.querySelectorAll('text')].filter((text) => text.textContent !== '');
    const boxes = texts.map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
    boxes.sort((a, b) => a.box.top - b.box.top);
    boxes.forEach(({ text, box }, index) => {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1) {
        found.push(`"${text}" is cut`);
      }
      // Boxes hold what stands above and below the letters, too.
      for (const other of boxes.slice(index + 1)) {
        if (other.box.top > box.bottom - 4) break;
        const beside = other.box.left > box.right - 1 || other.box.right < box.left + 1;
        if (!beside) found.push(`"${text}" lies over "${other.text}"`);
      }
    });
  }
  return found;
}

/** In the page: text of drawings, which axe does not look at, with too little contrast. */
function contrastInDrawings() {
  const luminance = (colour) => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\)$/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = new Set();
  for (const text of document.querySelectorAll('svg text')) {
    const [dark, light] = [getComputedStyle(text).fill, behind(text)].map(luminance).sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) found.add(`contrast ${contrast.toFixed(2)} of ${text.getAttribute('class')}`);
  }
  return [...found];
}

/** Whether Tab reaches all that can be followed, opened or scrolled. */
async function keyboard(tab) {
  const wanted = await tab.evaluate(() => {
    document.activeElement?.blur();
    const all = [...document.querySelectorAll('a[href], summary, [tabindex="0"]')];
    globalThis.reached = new Set();
    document.addEventListener('focusin', (event) => globalThis.reached.add(event.target));
    globalThis.missed = () => all.filter((element) => !globalThis.reached.has(element));
    return all.length;
  });
  for (let count = 0; count < wanted; count += 1) await tab.keyboard.press('Tab');
  return tab.evaluate(() => globalThis.missed().map((it) => `Tab misses ${it.outerHTML.slice(0, 80)}`));
}
