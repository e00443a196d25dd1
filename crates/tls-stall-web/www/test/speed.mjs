// How fast the page is beside the command, on the same captures: node test/speed.mjs
//
// Beside them, how fast the browser hands over the file to a worker that does nothing with it: the
// page cannot be faster than that.
//
// It needs the page, and release builds of the command and of what makes the captures.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { launch, report, serve, target } from "./site.mjs";

const ROUNDS = 10;
const CAPTURES = [
    ["bulk", "300"],
    ["connections", "60000"],
];

const READ = `onmessage = async ({ data: file }) => {
    const begun = performance.now();
    const reader = file.stream().getReader({ mode: "byob" });
    let buffer = new ArrayBuffer(1 << 20);
    for (;;) {
        const { done, value } = await reader.read(new Uint8Array(buffer));
        if (done) break;
        buffer = value.buffer;
    }
    postMessage(performance.now() - begun);
}`;

const release = (name) => path.join(target, "release", name);
const folder = mkdtempSync(path.join(tmpdir(), "tls-stall-"));
const server = await serve();
const browser = await launch();
try {
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.evaluate(() => {
        const input = document.createElement("input");
        Object.assign(input, { type: "file", id: "alone", hidden: true });
        document.body.append(input);
    });
    for (const [kind, count] of CAPTURES) {
        const file = path.join(folder, `${kind}.pcap`);
        execFileSync(release("generate"), [kind, count, file]);
        // In turns, so that all have the same share of what else the machine does.
        const [here, reading, there] = [[], [], []];
        let frames = 0;
        for (let round = 0; round < ROUNDS; round += 1) {
            here.push(await inBrowser(page, file));
            reading.push(await readingAlone(page, file));
            there.push(native(file, (it) => (frames = it)));
        }
        const [pageMs, readingMs, commandMs] = [here, reading, there].map((it) => Math.min(...it));
        const rate = (ms) => (frames / ms / 1000).toFixed(2);
        console.log(`${kind} ${count}, in millions of packets a second:`);
        console.log(`  page ${rate(pageMs)}, reading alone ${rate(readingMs)}, command ${rate(commandMs)}`);
        const part = (ms) => (ms / pageMs).toFixed(2);
        console.log(`  page: ${part(commandMs)} of the command, ${part(readingMs)} of reading alone`);
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

/** How long a worker takes to read `file` as the page's does and to do nothing with it, in milliseconds. */
async function readingAlone(page, file) {
    await page.setInputFiles("#alone", file);
    return page.evaluate(async (script) => {
        const worker = new Worker(URL.createObjectURL(new Blob([script])));
        const elapsed = new Promise((resolve) => {
            worker.onmessage = (event) => resolve(event.data);
        });
        worker.postMessage(document.getElementById("alone").files[0]);
        await elapsed;
        worker.terminate();
        return elapsed;
    }, READ);
}

/** The same of the command, from its start to its end; tells `frames` how many packets there are. */
function native(file, frames) {
    const begun = performance.now();
    const json = execFileSync(release("tls-stall"), ["--format", "json", "--jobs", "1", file]);
    const elapsed = performance.now() - begun;
    frames(JSON.parse(json).captures[0].frames);
    return elapsed;
}
