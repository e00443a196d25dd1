/** Keeps the page for use without a network, and takes in what other apps share with it. */

declare const CACHE: string;
declare const FILES: string[];

const scope = self as unknown as ServiceWorkerGlobalScope;

/** Where shared captures lie until the page takes them. */
const SHARED = "tls-stall-shared";

scope.addEventListener("install", (event) => {
    event.waitUntil(keep());
});

scope.addEventListener("activate", (event) => {
    event.waitUntil(forgetOlder());
});

scope.addEventListener("fetch", (event) => {
    const url = new URL(event.request.url);
    if (event.request.method === "POST" && url.searchParams.has("share")) {
        event.respondWith(receive(event.request));
    } else if (event.request.method === "GET" && url.origin === scope.location.origin) {
        event.respondWith(kept(event.request));
    }
});

async function keep() {
    const cache = await caches.open(CACHE);
    // Past the browser's own cache, which may hold the files of another version.
    await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
    await scope.skipWaiting();
}

async function forgetOlder() {
    const older = (await caches.keys()).filter(
        (name) => name.startsWith("tls-stall-") && name !== CACHE && name !== SHARED,
    );
    await Promise.all(older.map((name) => caches.delete(name)));
    await scope.clients.claim();
}

async function kept(request: Request): Promise<Response> {
    const cache = await caches.open(CACHE);
    const found = await cache.match(request, { ignoreSearch: true });
    return found ?? fetch(request);
}

/** Puts the shared files where the page finds them, and opens the page. */
async function receive(request: Request): Promise<Response> {
    const form = await request.formData();
    const files = form.getAll("capture").filter((it) => it instanceof File);
    await caches.delete(SHARED);
    const cache = await caches.open(SHARED);
    for (const [index, file] of files.entries()) {
        const headers = { "x-name": encodeURIComponent(file.name) };
        await cache.put(`./shared/${index}`, new Response(file, { headers }));
    }
    return Response.redirect("./?shared", 303);
}
