// Large captures: memory, whether the page still answers, and whether the work can be ended.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { bulk, launch, readTo, repeat, report, residentWhile, serve } from "./site.mjs";

const MIB = 1 << 20;

let browser, server, page, folder;

before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "tls-stall-"));
    server = await serve();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
});
beforeEach(async () => {
    page = await browser.newPage();
    await page.goto(server.url);
});
afterEach(() => page.close());

test("300 MB are read while the page answers, in no more memory than 30", async (t) => {
    await page.evaluate(() => {
        globalThis.delays = [];
        // From when the browser had the key to when the page hears of it.
        addEventListener("keydown", (event) => delays.push(performance.now() - event.timeStamp));
    });
    const memory = [];
    for (const megabytes of [30, 300]) {
        await page.setInputFiles("#files", bulk(folder, megabytes));
        while (!(await page.isVisible("#result"))) {
            assert.ok(!(await page.isVisible("#failure")));
            await page.keyboard.press("Shift");
        }
        await report(page);
        memory.push(Number(await page.getAttribute("#result", "data-memory-bytes")));
        await page.click("#result .again");
    }
    const delays = (await page.evaluate(() => delays)).sort((one, other) => one - other);
    const median = delays[Math.floor(delays.length / 2)];
    t.diagnostic(`${delays.length} keys: the median is heard of after ${median.toFixed(1)} ms`);
    t.diagnostic(`the slowest after ${delays.at(-1).toFixed(1)} ms; ${memory} bytes of memory`);
    assert.ok(delays.length >= 5, "the keys waited for the reading to end");
    assert.ok(median < 100, `a key waits for ${median} ms`);
    assert.ok(memory[1] < 16 * MIB, `${memory[1]} bytes`);
    assert.ok(memory[1] <= memory[0] + MIB, `${memory} bytes`);
});

test("3 GB are read while all of the browser takes hardly more memory than before", async (t) => {
    // So that what every report takes is there already.
    await page.click("#example");
    await report(page);
    await page.click("#result .again");
    const { before, most } = await residentWhile(browser, async () => {
        await repeat(page, bulk(folder, 300), 10);
        await report(page);
    });
    t.diagnostic(`${before.toFixed(0)} MiB before, ${most.toFixed(0)} at most`);
    // A quarter of what it takes where the browser keeps what has been read.
    assert.ok(most < before + 200, `${before} MiB became ${most}`);
});

test("a file that changes while it is read is reported as far as it went", async () => {
    const file = bulk(folder, 30);
    await repeat(page, file, 100);
    await readTo(page, 0.1);
    appendFileSync(file, "more");
    await report(page);
    assert.match(await page.textContent("#unread"), /^cannot read long\.pcap: .+/);
});

test("cancelling ends the work at once, and another capture can be read", async () => {
    // More than can be read before the button is pressed.
    await repeat(page, bulk(folder, 30), 1000);
    await page.locator("#work").waitFor();
    await readTo(page, 0.0001);
    await page.click("#cancel");
    assert.ok(await page.isVisible("#choice"));
    assert.ok(await page.isHidden("#work"));
    const patience = performance.now() + 10_000;
    while (page.workers().length > 0) {
        assert.ok(performance.now() < patience, "the worker still works");
        await page.waitForTimeout(20);
    }
    await page.click("#example");
    await report(page);
    assert.ok(await page.isHidden("#failure"));
});
