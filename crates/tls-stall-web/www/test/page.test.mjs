// The page in a browser, as its users have it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { BLANK, command, launch, origin, report, root, serve, site } from "./site.mjs";

const STALLED = "phone-on-3g.pcap";
const HEALTHY = "phone-on-wifi.pcap";

let browser, server, context, page;

before(async () => {
    server = await serve();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await server?.close();
});
beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 360, height: 740 } });
    page = await context.newPage();
    page.on("pageerror", (error) => assert.fail(error));
    await page.goto(server.url);
});
afterEach(() => context.close());

const choose = (...files) =>
    page.setInputFiles("#files", files.map((file) => path.resolve(origin, file)));

async function saved(form) {
    const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.click(`button[data-form=${form}]`),
    ]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

const tlsStall = (...args) => execFileSync(command, args, { cwd: origin });

test("the footer has the version of the crate", async () => {
    const manifest = await readFile(path.join(root, "Cargo.toml"), "utf8");
    const version = /^version = "(.*)"/m.exec(manifest)[1];
    assert.equal(await page.textContent("footer"), `tls-stall ${version}`);
    assert.equal(tlsStall("--version").toString().trim(), `tls-stall ${version}`);
});

test("a chosen capture is diagnosed, and every file saved is that of the command", async () => {
    await choose(STALLED);
    const frame = await report(page);
    assert.match(await frame.locator("main").innerText(), /reverse-dns-unanswered/);
    const json = await saved("json");
    assert.equal(json.name, `${STALLED}.json`);
    assert.deepEqual(json.bytes, tlsStall("--format", "json", STALLED));
    assert.deepEqual((await saved("html")).bytes, tlsStall("--format", "html", STALLED));
    const redacted = await saved("redacted");
    assert.deepEqual(redacted.bytes, tlsStall("--format", "html", "--redact", STALLED));
    assert.ok(!redacted.bytes.includes("10.8.0.1") && !redacted.bytes.includes(STALLED));
    const folder = await mkdtemp(path.join(tmpdir(), "tls-stall-"));
    const proof = path.join(folder, "proof.pcapng");
    tlsStall("--annotate", proof, STALLED);
    assert.deepEqual((await saved("annotated")).bytes, await readFile(proof));
});

test("a dropped capture is diagnosed", async () => {
    const bytes = [...(await readFile(path.join(origin, STALLED)))];
    const transfer = await page.evaluateHandle(([bytes, name]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], name));
        return transfer;
    }, [bytes, STALLED]);
    await page.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
    const frame = await report(page);
    assert.match(await frame.locator("main").innerText(), /reverse-dns-unanswered/);
});

test("two captures are compared as the command compares them, and can be swapped", async () => {
    await choose(STALLED, HEALTHY);
    await report(page);
    const compared = tlsStall("compare", "--format", "json", STALLED, HEALTHY);
    assert.deepEqual((await saved("json")).bytes, compared);
    await page.click("#swap");
    await page.locator("#work").waitFor({ state: "hidden" });
    await report(page);
    const swapped = tlsStall("compare", "--format", "json", HEALTHY, STALLED);
    assert.deepEqual((await saved("json")).bytes, swapped);
});

test("an example is one tap away, and the threshold is heeded", async () => {
    await page.click("#example");
    await report(page);
    assert.equal(await page.textContent("#status"), `tls-stall: 1 connection stalled in ${STALLED}`);
    await page.click("#result .again");
    await page.selectOption("#threshold", "100");
    await page.click("#example");
    await report(page);
    const json = tlsStall("--format", "json", "--stall-threshold", "100ms", STALLED);
    assert.deepEqual((await saved("json")).bytes, json);
});

test("what is no capture is refused with a reason, and a cut one is read as far as it goes", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "tls-stall-"));
    const diary = path.join(folder, "<img src=x onerror=alert(1)>.txt");
    await writeFile(diary, "Dear diary");
    await page.setInputFiles("#files", diary);
    await page.locator("#failure:not([hidden])").waitFor();
    assert.match(await page.textContent("#failure-reason"), /^cannot read <img .*: .+/);
    assert.equal(await page.locator("#failure img").count(), 0);
    await page.click("#failure .again");
    const cut = path.join(folder, "cut.pcap");
    await writeFile(cut, (await readFile(path.join(origin, STALLED))).subarray(0, -7));
    await page.setInputFiles("#files", cut);
    const frame = await report(page);
    assert.match(await frame.locator("main").innerText(), /capture-cut-short/);
});

test("a block that is larger than what is read ahead is read, and what follows it", async () => {
    const capture = await readFile(path.join(root, "testdata/formats/pcapng.pcapng"));
    // A custom block, which holds no packet.
    const block = Buffer.alloc(5 << 20);
    block.writeUInt32LE(0xbad, 0);
    for (const at of [4, block.length - 4]) {
        block.writeUInt32LE(block.length, at);
    }
    const folder = await mkdtemp(path.join(tmpdir(), "tls-stall-"));
    const file = path.join(folder, "block.pcapng");
    await writeFile(file, Buffer.concat([capture, block, capture, block, capture]));
    await page.setInputFiles("#files", file);
    await report(page);
    const json = execFileSync(command, ["--format", "json", "block.pcapng"], { cwd: folder });
    assert.deepEqual((await saved("json")).bytes, json);
});

test("a browser that fills no buffers of others reads the same", async () => {
    await page.addInitScript(() => {
        const own = () => {
            const { getReader } = ReadableStream.prototype;
            ReadableStream.prototype.getReader = function (options) {
                if (options?.mode === "byob") {
                    throw new TypeError("no such mode");
                }
                return getReader.call(this, options);
            };
        };
        globalThis.Blob = class extends Blob {
            constructor(parts, options) {
                const isScript = options?.type === "text/javascript";
                super(isScript ? [`(${own})();`, ...parts] : parts, options);
            }
        };
    });
    await page.reload();
    await choose(STALLED);
    await report(page);
    assert.deepEqual((await saved("json")).bytes, tlsStall("--format", "json", STALLED));
});

test("a hostile name is text, and the report runs no script", async () => {
    const capture = await readFile(path.join(origin, STALLED));
    const name = "<script>parent.hit=1<\u2215script><img src=x onerror=parent.hit=1>.pcap";
    await page.setInputFiles("#files", { name, mimeType: "", buffer: capture });
    const frame = await report(page);
    assert.equal(await frame.locator("script, img").count(), 0);
    assert.equal(await page.locator("main img").count(), 0);
    assert.equal(await page.evaluate(() => globalThis.hit), undefined);
    assert.equal(await page.getAttribute("#report", "sandbox"), "allow-same-origin");
    assert.equal(await page.evaluate(() => {
        const report = document.getElementById("report").contentDocument;
        const script = report.createElement("script");
        script.textContent = "parent.hit = 1";
        report.body.append(script);
        return globalThis.hit;
    }), undefined);
});

test("what a server said is text, in the page and in the report", async () => {
    const capture = await readFile(path.join(root, "testdata/recorded/rejected-no-ptr.pcap"));
    const said = "cannot find your reverse hostname, [198.51.100.77]";
    const markup = "<img src=x onerror=parent.hit=1><script>hit=1<!---";
    assert.equal(markup.length, said.length);
    const place = capture.indexOf(said);
    assert.ok(place > 0);
    capture.write(markup, place, "latin1");
    await page.setInputFiles("#files", { name: "said.pcap", mimeType: "", buffer: capture });
    const frame = await report(page);
    assert.match(await frame.locator("main").innerText(), /<img src=x onerror=parent\.hit=1><script>/);
    assert.equal(await frame.locator("script, img").count(), 0);
    assert.equal(await page.evaluate(() => globalThis.hit), undefined);
});

test("a link within the report leads to its place", async () => {
    await page.click("#example");
    const frame = await report(page);
    await frame.locator("td a").first().click();
    const id = await frame.locator("td a").first().getAttribute("href");
    await page.waitForFunction((id) => {
        const report = document.getElementById("report");
        const place = report.contentDocument.querySelector(id).getBoundingClientRect();
        return Math.abs(place.top + report.getBoundingClientRect().top) < innerHeight;
    }, id);
});

/**
 * Tries every way out to `url`, and to the UDP port `port`, that a script has; gives those by which
 * something may have gone.
 */
const escape = async ([url, port]) => {
    const out = [];
    const attempt = async (name, way) => {
        try {
            await way();
            out.push(name);
        } catch {}
    };
    await attempt("fetch", () => fetch(`${url}fetch`, { mode: "no-cors" }));
    await attempt("XMLHttpRequest", () => new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.onload = resolve;
        request.onerror = reject;
        request.open("GET", `${url}xhr`);
        request.send();
    }));
    await attempt("WebSocket", () => new Promise((resolve, reject) => {
        const socket = new WebSocket(url.replace("http", "ws") + "socket");
        socket.onopen = resolve;
        socket.onerror = reject;
    }));
    await attempt("EventSource", () => new Promise((resolve, reject) => {
        const source = new EventSource(`${url}events`);
        source.onopen = resolve;
        source.onerror = reject;
        setTimeout(reject, 1000);
    }));
    if (globalThis.document) {
        navigator.sendBeacon(`${url}beacon`, "x");
        await attempt("image", () => new Promise((resolve, reject) => {
            const image = new Image();
            image.onload = resolve;
            image.onerror = reject;
            image.src = `${url}blank.svg`;
        }));
        await attempt("script", () => import(`${url}sw.js`));
        await attempt("WebRTC", async () => {
            const iceServers = [{ urls: `stun:127.0.0.1:${port}` }];
            const connection = new RTCPeerConnection({ iceServers });
            connection.createDataChannel("x");
            await connection.setLocalDescription(await connection.createOffer());
        });
    } else {
        await attempt("importScripts", () => importScripts(`${url}sw.js`));
    }
    return out;
};

test("neither the page nor its worker can open a connection, and none is opened", async () => {
    const other = await serve();
    const udp = createSocket("udp4");
    let datagrams = 0;
    udp.on("message", () => (datagrams += 1));
    await new Promise((resolve) => udp.bind(0, "127.0.0.1", resolve));
    const { port } = udp.address();
    try {
        await page.evaluate(() => navigator.serviceWorker.ready);
        const asked = server.requests.length;
        const opened = [];
        context.on("request", (request) => opened.push(request.url()));
        await page.click("#example-pair");
        await report(page);
        // The report is shown from memory.
        assert.deepEqual(opened.filter((url) => !url.startsWith("blob:")), []);
        assert.deepEqual(server.requests.slice(asked), []);

        assert.deepEqual(await page.evaluate(escape, [other.url, port]), []);
        // As the server of the page itself is another that could listen.
        assert.deepEqual(await page.evaluate(escape, [server.url, port]), []);
        const [worker] = page.workers();
        assert.deepEqual(await worker.evaluate(escape, [other.url, port]), []);
        assert.deepEqual(await worker.evaluate(escape, [server.url, port]), []);
        assert.deepEqual(other.requests, []);
        assert.deepEqual(server.requests.slice(asked), []);
        assert.equal(datagrams, 0);

        // The same ways are open to a page without a policy.
        const free = await context.newPage();
        await free.goto(other.url + BLANK);
        const before = other.requests.length;
        const open = ["fetch", "XMLHttpRequest", "image", "script", "WebRTC"];
        assert.deepEqual(await free.evaluate(escape, [other.url, port]), open);
        assert.ok(other.requests.length - before >= 6, "they reach the server");
        await free.waitForTimeout(500);
        assert.ok(datagrams > 0, "and the UDP port");
    } finally {
        udp.close();
        await other.close();
    }
});

test("it works without a network after the first visit", async () => {
    await page.evaluate(() => navigator.serviceWorker.ready);
    await context.setOffline(true);
    await page.reload();
    await page.click("#example");
    const frame = await report(page);
    assert.match(await frame.locator("main").innerText(), /reverse-dns-unanswered/);
});

test("saved to disk it shows reports too", async () => {
    await page.goto(pathToFileURL(path.join(site, "index.html")).href);
    await choose(STALLED);
    const frame = await report(page);
    assert.match(await frame.locator("main").innerText(), /reverse-dns-unanswered/);
});

test("it can be installed", async () => {
    await page.evaluate(() => navigator.serviceWorker.ready);
    const session = await context.newCDPSession(page);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    // Of the private window that the tests run in, none can be.
    const reasons = installabilityErrors.map(({ errorId }) => errorId);
    assert.deepEqual(reasons.filter((it) => it !== "in-incognito"), []);
    const { errors, data } = await session.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    assert.equal(JSON.parse(data).name, "tls-stall");
});

test("a capture that an app shares is diagnosed", async () => {
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    const manifest = await readFile(path.join(root, "target/web/site/manifest.webmanifest"));
    const target = JSON.parse(manifest).share_target;
    // What the browser sends for an app: a form that is posted to the address of the manifest. The
    // page's policy forbids it forms, so that another one sends it.
    const bytes = [...(await readFile(path.join(origin, STALLED)))];
    await page.goto(server.url + BLANK);
    await page.evaluate(([target, bytes, name]) => {
        const html = (tag) => document.createElementNS("http://www.w3.org/1999/xhtml", tag);
        const form = html("form");
        form.action = new URL(target.action, location.href);
        form.method = target.method;
        form.enctype = target.enctype;
        const input = html("input");
        input.type = "file";
        input.name = target.params.files[0].name;
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], name));
        input.files = transfer.files;
        form.append(input);
        document.documentElement.append(form);
        form.submit();
    }, [target, bytes, STALLED]);
    await page.waitForURL(server.url);
    const frame = await report(page);
    assert.match(await frame.locator("main").innerText(), /reverse-dns-unanswered/);
    assert.equal(await page.textContent("#result-name"), STALLED);
    assert.ok(!server.requests.some((request) => request.startsWith("POST")));
});
