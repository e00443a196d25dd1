// How much memory the browser takes while it reads: node test/memory.mjs
//
// It needs the page, and what makes the captures (cargo build -p testkit --bins).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { bulk, launch, repeat, report, residentWhile, serve } from "./site.mjs";

const PART_MB = 100;

const folder = mkdtempSync(path.join(tmpdir(), "tls-stall-"));
const part = bulk(folder, PART_MB);
const server = await serve();
try {
    for (const parts of [3, 10, 30]) {
        const browser = await launch();
        const page = await browser.newPage();
        await page.goto(server.url);
        // So that what every report takes is there already.
        await page.click("#example");
        await report(page);
        await page.click("#result .again");
        const { before, most } = await residentWhile(browser, async () => {
            await repeat(page, part, parts);
            await report(page);
        });
        const grown = (most - before).toFixed(0);
        console.log(`${parts * PART_MB} MB: ${grown} MiB more than the ${before.toFixed(0)} before`);
        await browser.close();
    }
} finally {
    await server.close();
    rmSync(folder, { recursive: true });
}
