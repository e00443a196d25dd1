/** The page without a network, and what other apps share with it. */

/** Has the service worker keep the page, where the browser has one. */
export async function keepOffline() {
    if (!("serviceWorker" in navigator) || location.protocol === "file:") {
        return;
    }
    try {
        await navigator.serviceWorker.register("sw.js");
    } catch {
        // Then it works only while there is a network, as any page.
    }
}

/** The captures that an app has shared, once; the service worker put them there. */
export async function takeShared(): Promise<File[]> {
    if (!new URLSearchParams(location.search).has("shared")) {
        return [];
    }
    history.replaceState(null, "", "./");
    const cache = await caches.open("tls-stall-shared");
    const files: File[] = [];
    for (const request of await cache.keys()) {
        const response = await cache.match(request);
        if (response !== undefined) {
            const name = decodeURIComponent(response.headers.get("x-name") ?? "shared.pcap");
            files.push(new File([await response.blob()], name));
        }
    }
    await caches.delete("tls-stall-shared");
    return files;
}
