// How fast the page is beside the command, on the same captures: node test/speed.mjs
//
// It needs the page, and release builds of the command and of what makes the captures.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { launch, report, serve, target } from "./site.mjs";

const ROUNDS = 5;
const CAPTURES = [
    ["bulk", "300"],
    ["connections", "60000"],
];

const release = (name) => path.join(target, "release", name);
const folder = mkdtempSync(path.join(tmpdir(), "tls-stall-"));
const server = await serve();
const browser = await launch();
try {
    const page = await browser.newPage();
    await page.goto(server.url);
    for (const [kind, count] of CAPTURES) {
        const file = path.join(folder, `${kind}.pcap`);
        execFileSync(release("generate"), [kind, count, file]);
        // In turns, so that both have the same share of what else the machine does.
        const [here, there] = [[], []];
        let frames = 0;
        for (let round = 0; round < ROUNDS; round += 1) {
            here.push(await inBrowser(page, file));
            there.push(native(file, (it) => (frames = it)));
        }
        const [browserMs, commandMs] = [Math.min(...here), Math.min(...there)];
        const perSecond = (ms) => `${(frames / ms / 1000).toFixed(2)} million packets/s`;
        console.log(`${kind} ${count}: page ${perSecond(browserMs)}, command ${perSecond(commandMs)}`);
        console.log(`  ${(commandMs / browserMs).toFixed(2)} of the command's speed`);
    }
} finally {
    await browser.close();
    await server.close();
    rmSync(folder, { recursive: true });
}

/** How long the page takes to read `file` and to make its report, in milliseconds. */
async function inBrowser(page, file) {
    await page.setInputFiles("#files", file);
    await report(page);
    const elapsed = Number(await page.getAttribute("#result", "data-elapsed-ms"));
    await page.click("#result .again");
    return elapsed;
}

/** The same of the command, from its start to its end; tells `frames` how many packets there are. */
function native(file, frames) {
    const begun = performance.now();
    const json = execFileSync(release("tls-stall"), ["--format", "json", "--jobs", "1", file]);
    const elapsed = performance.now() - begun;
    frames(JSON.parse(json).captures[0].frames);
    return elapsed;
}
