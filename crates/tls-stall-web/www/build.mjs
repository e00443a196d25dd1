// Puts the page together: node build.mjs BINDINGS CAPTURES VERSION FOLDER
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

// All that is sent for the first visit, compressed.
const MOST_BYTES = 1_500_000;

const [bindings, captures, version, folder] = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));

async function bundle(entry, define = {}) {
    const { outputFiles } = await build({
        entryPoints: [path.join(here, "src", entry)],
        bundle: true,
        minify: true,
        write: false,
        target: "es2022",
        // A classic script for workers; in the page it is a module all the same.
        format: "iife",
        alias: { bindings: path.resolve(bindings, "tls_stall_web.js") },
        define,
        logLevel: "warning",
        // Of the loader that fetches, which no one calls.
        logOverride: { "empty-import-meta": "silent" },
    });
    return outputFiles[0].text.trim();
}

const inPage = async (file) => readFile(path.join(here, file));
const base64 = (bytes) => bytes.toString("base64");
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const worker = await bundle("worker.ts");
const script = await bundle("main.ts", { WORKER: JSON.stringify(worker) });
// The report's own style is in its page, which is bound by this policy too.
const policy = [
    "default-src 'none'",
    "connect-src 'none'",
    `script-src ${hash(script)} 'wasm-unsafe-eval'`,
    "style-src 'unsafe-inline'",
    "img-src data:",
    "worker-src 'self' blob:",
    "frame-src blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
].join("; ");
const parts = {
    POLICY: policy,
    ICON: base64(await inPage("icon.svg")),
    STYLE: (await inPage("style.css")).toString().trim(),
    VERSION: version,
    WASM: base64(gzipSync(await readFile(path.join(bindings, "tls_stall_web_bg.wasm")), { level: 9 })),
    HERE: base64(await readFile(path.join(captures, "phone-on-3g.pcap"))),
    THERE: base64(await readFile(path.join(captures, "phone-on-wifi.pcap"))),
    SCRIPT: script,
};
const template = (await inPage("index.html")).toString();
const page = template.replace(/%([A-Z]+)%/g, (_, name) => {
    if (!(name in parts)) {
        throw new Error(`index.html names %${name}%, which is not there`);
    }
    return parts[name];
});

// With its icons in itself: the policy lets the browser load none, not even for its home screen.
const manifest = JSON.parse(await inPage("manifest.webmanifest"));
for (const icon of manifest.icons) {
    icon.src = `data:${icon.type};base64,${base64(await inPage(icon.src))}`;
}
const contents = [page, JSON.stringify(manifest)];
const digest = createHash("sha256");
contents.forEach((content) => digest.update(content));
const cache = `tls-stall-${digest.digest("hex").slice(0, 16)}`;
const keeper = await bundle("sw.ts", {
    CACHE: JSON.stringify(cache),
    FILES: JSON.stringify(["./", "manifest.webmanifest"]),
});

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await writeFile(path.join(folder, "index.html"), page);
await writeFile(path.join(folder, "manifest.webmanifest"), JSON.stringify(manifest));
await writeFile(path.join(folder, "sw.js"), keeper);

const sizes = [...contents, keeper].map((content) => gzipSync(content).length);
const total = sizes.reduce((sum, size) => sum + size, 0);
console.log(`${folder}: ${total} bytes compressed, of ${MOST_BYTES} at most`);
if (total > MOST_BYTES) {
    process.exit(1);
}
