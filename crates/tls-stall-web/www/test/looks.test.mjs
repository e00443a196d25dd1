// How the page looks and reads: widths, themes, accessibility, shifts of its layout.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { bulk, launch, readTo, repeat, report, root, serve } from "./site.mjs";

const SHOTS = path.join(root, "target/web/shots");
const AXE = new URL("../node_modules/axe-core/axe.min.js", import.meta.url);

let browser, server, folder, long;

/** What the page shows, and how to get there from its start. */
const STATES = {
    start: async () => undefined,
    running: async (page) => {
        await repeat(page, long, 1000);
        await readTo(page, 0.001);
    },
    failure: async (page) => {
        const name = `${"a-long-name-".repeat(9)}that-is-no-capture.txt`;
        const buffer = Buffer.from("Dear diary");
        await page.setInputFiles("#files", { name, mimeType: "text/plain", buffer });
        await page.locator("#failure:not([hidden])").waitFor();
    },
    report: async (page) => {
        await page.click("#example");
        await report(page);
    },
    comparison: async (page) => {
        await page.click("#example-pair");
        await report(page);
    },
};

before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "tls-stall-"));
    long = bulk(folder, 30);
    server = await serve();
    browser = await launch();
    await mkdir(SHOTS, { recursive: true });
});
after(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
});

for (const width of [360, 768, 1440]) {
    for (const colorScheme of ["light", "dark"]) {
        test(`at ${width} pixels, ${colorScheme}, nothing is cut or fails an audit`, async () => {
            const viewport = { width, height: 900 };
            // The audit's script is no part of the page.
            const context = await browser.newContext({ viewport, colorScheme, bypassCSP: true });
            const page = await context.newPage();
            await page.goto(server.url);
            for (const [state, reach] of Object.entries(STATES)) {
                await reach(page);
                const name = `${state}-${width}-${colorScheme}.png`;
                await page.screenshot({ path: path.join(SHOTS, name), fullPage: true });
                const wider = () =>
                    document.documentElement.scrollWidth - document.documentElement.clientWidth;
                assert.equal(await page.evaluate(wider), 0, `${state} is wider than the screen`);
                await page.evaluate(await readFile(AXE, "utf8"));
                const audit = await page.evaluate(() => globalThis.axe.run());
                const bad = audit.violations.filter((it) => ["serious", "critical"].includes(it.impact));
                const nodes = bad.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.html}`));
                assert.deepEqual(nodes, []);
                const back = page.locator("#cancel, .again").filter({ visible: true });
                if (state !== "start") {
                    await back.click();
                }
            }
            await context.close();
        });
    }
}

test("nothing that is seen moves while a report comes", async () => {
    for (const width of [360, 1440]) {
        const page = await browser.newPage({ viewport: { width, height: 740 } });
        await page.goto(server.url);
        await page.evaluate(() => {
            globalThis.shifts = [];
            new PerformanceObserver((list) => {
                for (const { value, sources } of list.getEntries()) {
                    const moved = sources.map(({ node }) => node?.id || node?.nodeName);
                    globalThis.shifts.push({ value, moved });
                }
            }).observe({ type: "layout-shift", buffered: true });
        });
        for (const example of ["example", "example-pair"]) {
            await page.click(`#${example}`);
            await report(page);
            await page.waitForTimeout(300);
            await page.click("#result .again");
        }
        assert.deepEqual(await page.evaluate(() => globalThis.shifts), [], `at ${width} pixels`);
        await page.close();
    }
});

test("with the keyboard alone a capture can be chosen and its report read", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.url);
    const focused = () => page.evaluate(() => document.activeElement.id);
    const seen = [];
    for (let presses = 0; presses < 4; presses += 1) {
        await page.keyboard.press("Tab");
        seen.push(await focused());
    }
    assert.deepEqual(seen, ["files", "threshold", "example", "example-pair"]);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await report(page);
    assert.equal(await focused(), "result-name");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.hash), "#save");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "report");
    await context.close();
});
