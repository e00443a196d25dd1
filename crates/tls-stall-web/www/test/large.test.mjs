// Large captures: memory, whether the page still answers, and whether the work can be ended.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch, report, serve, target } from "./site.mjs";

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

/** A capture of `megabytes` of transfer in four connections. */
function bulk(megabytes) {
    const file = path.join(folder, `${megabytes}.pcap`);
    execFileSync(path.join(target, "debug/generate"), ["bulk", String(megabytes), file]);
    return file;
}

/** The megabytes that the browser's processes for pages hold. */
async function resident() {
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    await session.detach();
    const pages = processInfo.filter(({ type }) => type === "renderer");
    const bytes = pages.map(({ id }) => {
        const status = readFileSync(`/proc/${id}/status`, "utf8");
        return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)[1]) * 1024;
    });
    return bytes.reduce((sum, it) => sum + it, 0) / MIB;
}

/** Has the page read the frames of `file` again and again, `times` times, as one capture. */
async function repeat(file, times) {
    await page.evaluate(() => {
        const input = document.createElement("input");
        Object.assign(input, { type: "file", id: "parts", hidden: true });
        document.body.append(input);
    });
    await page.setInputFiles("#parts", file);
    await page.evaluate((times) => {
        const [file] = document.getElementById("parts").files;
        const header = 24;
        // Slices of a file refer to it, so that this takes no more room than one of them.
        const frames = file.slice(header);
        const parts = [file.slice(0, header), ...Array(times).fill(frames)];
        const transfer = new DataTransfer();
        transfer.items.add(new File(parts, "long.pcap"));
        const dropped = new DragEvent("drop", { dataTransfer: transfer, bubbles: true });
        document.getElementById("drop").dispatchEvent(dropped);
    }, times);
}

const readTo = (part) =>
    page.waitForFunction((part) => document.getElementById("progress").value >= part, part, {
        timeout: 120_000,
    });

test("300 MB are read while the page answers, in no more memory than 30", async (t) => {
    await page.evaluate(() => {
        globalThis.delays = [];
        // From when the browser had the key to when the page hears of it.
        addEventListener("keydown", (event) => delays.push(performance.now() - event.timeStamp));
    });
    const memory = [];
    for (const megabytes of [30, 300]) {
        await page.setInputFiles("#files", bulk(megabytes));
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

test("the browser frees what is read while gigabytes are read", async (t) => {
    await repeat(bulk(30), 100);
    await readTo(0.1);
    const early = await resident();
    await readTo(0.95);
    const late = await resident();
    t.diagnostic(`${early.toFixed(0)} MiB after a tenth of 3 GB, ${late.toFixed(0)} near its end`);
    // When the browser collects garbage is its own affair; that all of it stays would be ours.
    assert.ok(late < early + 2000, `${early} MiB became ${late}`);
});

test("cancelling ends the work at once, and another capture can be read", async () => {
    // More than can be read before the button is pressed.
    await repeat(bulk(30), 1000);
    await page.locator("#work").waitFor();
    await readTo(0.0001);
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
