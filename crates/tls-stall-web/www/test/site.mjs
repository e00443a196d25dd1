// The built page on a server of its own, and a browser to look at it with.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../../../..", import.meta.url));
export const site = path.join(root, "target/web/site");
/** The folder of the builds for this machine. */
export const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
export const command = path.join(target, "debug/tls-stall");
export const origin = path.join(root, "testdata/origin");

const TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
};

/** A document without the page's policy, on the same server; an image too. */
export const BLANK = "blank.svg";

/** Serves the page as a static host would, and keeps the list of what was asked for. */
export async function serve() {
    const requests = [];
    const server = createServer(async (request, response) => {
        const url = new URL(request.url, "http://localhost");
        requests.push(`${request.method} ${url.pathname}`);
        const name = url.pathname === "/" ? "index.html" : url.pathname.slice(1);
        try {
            const content =
                name === BLANK
                    ? '<svg xmlns="http://www.w3.org/2000/svg"/>'
                    : await readFile(path.join(site, path.basename(name)));
            const type = TYPES[path.extname(name)] ?? "application/octet-stream";
            response.writeHead(200, { "content-type": type, "access-control-allow-origin": "*" });
            response.end(content);
        } catch {
            response.writeHead(404, { "access-control-allow-origin": "*" });
            response.end();
        }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = () =>
        new Promise((resolve) => {
            server.close(resolve);
            server.closeAllConnections();
        });
    return { url: `http://127.0.0.1:${server.address().port}/`, requests, close };
}

export function launch() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    });
}

/** Waits until the page shows a report, and gives the frame with it. */
export async function report(page) {
    await page.locator("#result:not([hidden])").waitFor({ timeout: 120_000 });
    const frame = page.frameLocator("#report");
    await frame.locator("h1").waitFor();
    return frame;
}

/** Makes a capture of `megabytes` of transfer in four connections, in `folder`. */
export function bulk(folder, megabytes) {
    const file = path.join(folder, `${megabytes}.pcap`);
    execFileSync(path.join(target, "debug/generate"), ["bulk", String(megabytes), file]);
    return file;
}

/** Has the page read the frames of `file` again and again, `times` times, as one capture. */
export async function repeat(page, file, times) {
    await page.evaluate(() => {
        const input = document.createElement("input");
        Object.assign(input, { type: "file", id: "parts", hidden: true });
        document.body.append(input);
    });
    await page.setInputFiles("#parts", file);
    await page.evaluate((times) => {
        const input = document.getElementById("parts");
        const [file] = input.files;
        input.remove();
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

/** Waits until the page has read `part` of what it reads. */
export function readTo(page, part) {
    const isRead = (part) => document.getElementById("progress").value >= part;
    return page.waitForFunction(isRead, part, { timeout: 120_000 });
}

/**
 * How many mebibytes all processes of `browser` hold in memory before and at most while `work` is
 * done. What they share is counted for each of them, before as well as after.
 */
export async function residentWhile(browser, work) {
    const session = await browser.newBrowserCDPSession();
    const resident = async () => {
        const { processInfo } = await session.send("SystemInfo.getProcessInfo");
        return processInfo.reduce((sum, { id }) => sum + residentKib(id), 0) / 1024;
    };
    const before = await resident();
    let [most, working] = [before, true];
    const watched = (async () => {
        while (working) {
            most = Math.max(most, await resident());
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    })();
    try {
        await work();
    } finally {
        working = false;
        await watched;
        await session.detach();
    }
    return { before, most };
}

function residentKib(process) {
    try {
        const status = readFileSync(`/proc/${process}/status`, "utf8");
        return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0);
    } catch {
        // It has ended meanwhile.
        return 0;
    }
}
