/** What the page carries in itself, since it may load nothing: the WebAssembly and the examples. */

import { element } from "./view";

declare const WORKER: string;

/** Where the worker's script is. */
export const workerUrl = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));

/** The library, compiled once for all workers. */
export const wasm: Promise<WebAssembly.Module> = compile();

/** A capture of a phone on 3G, where a connection stalled, or on Wi-Fi, where it did not. */
export function example(which: "here" | "there"): File {
    const name = which === "here" ? "phone-on-3g.pcap" : "phone-on-wifi.pcap";
    return new File([embedded(`example-${which}`)], name);
}

async function compile(): Promise<WebAssembly.Module> {
    const packed = new Blob([embedded("wasm")]).stream();
    const unpacked = new Response(packed.pipeThrough(new DecompressionStream("gzip")));
    return WebAssembly.compile(await unpacked.arrayBuffer());
}

function embedded(id: string): Uint8Array<ArrayBuffer> {
    const text = element(id, HTMLScriptElement).textContent ?? "";
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
