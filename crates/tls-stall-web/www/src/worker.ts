/** Reads captures and makes reports of them, away from the page's own thread. */

import { Comparison, Diagnosis, initSync, type Bytes } from "bindings";
import type { Answer, Form, Order, Task } from "./protocol";

const scope = self as unknown as DedicatedWorkerGlobalScope;

/** How often the page hears of progress at most. */
const PROGRESS_MS = 50;

/** What reports are made of. */
let current: { task: Task; result: Diagnosis | Comparison } | undefined;

scope.onmessage = (event: MessageEvent<Order>) => {
    try {
        const order = event.data;
        if ("task" in order) {
            analyze(order.task);
        } else {
            make(order.make);
        }
    } catch (error) {
        answer({ failed: reason(error) });
    }
};

function analyze(task: Task) {
    const { memory } = initSync({ module: task.module });
    const begun = performance.now();
    const [file, healthy] = task.files;
    if (file === undefined) {
        return;
    }
    const tell = progress(task.files.reduce((sum, it) => sum + it.size, 0));
    const threshold = task.stallThresholdMs;
    const result =
        healthy === undefined
            ? new Diagnosis(file.name, new FileBytes(file, tell), threshold)
            : new Comparison(
                  file.name,
                  new FileBytes(file, tell),
                  healthy.name,
                  new FileBytes(healthy, tell),
                  threshold,
              );
    current = { task, result };
    const elapsedMs = performance.now() - begun;
    const [html, unread] = [result.html(), result.unread()];
    const memoryBytes = memory.buffer.byteLength;
    answer({ report: { html, unread, elapsedMs, memoryBytes } });
}

function make(form: Form) {
    if (current === undefined) {
        return;
    }
    const bytes = made(form, current.task, current.result);
    answer({ made: form, bytes }, [bytes.buffer]);
}

function made(
    form: Form,
    task: Task,
    result: Diagnosis | Comparison,
): Uint8Array<ArrayBuffer> {
    const text = (it: string) => new TextEncoder().encode(it);
    if (form === "html") {
        return text(result.html());
    }
    if (form === "json") {
        return text(result.json());
    }
    const [file] = task.files;
    if (!(result instanceof Diagnosis) || file === undefined) {
        throw new Error("a comparison has no such form");
    }
    if (form === "annotated") {
        const frames = result.annotated(new FileBytes(file, () => undefined));
        return new Uint8Array(frames);
    }
    const redacted = result.redacted();
    try {
        return text(redacted.html());
    } finally {
        redacted.free();
    }
}

/**
 * How much of a file is read at once: each reading is a round trip to another process. The browser
 * frees large blocks, once they are read, sooner than many small ones.
 */
const BLOCK_BYTES = 16 * 1024 * 1024;

/** A file, read block by block: no more of it is held than what is being looked at. */
class FileBytes implements Bytes {
    private readonly reader = new FileReaderSync();
    /** Where the next block begins. */
    private offset = 0;
    /** What is left of the last one. */
    private block = new Uint8Array();

    constructor(
        private readonly file: File,
        private readonly tell: (count: number) => void,
    ) {}

    read(room: Uint8Array): number {
        if (this.block.length === 0) {
            this.block = this.next();
        }
        const bytes = this.block.subarray(0, room.length);
        room.set(bytes);
        this.block = this.block.subarray(bytes.length);
        this.tell(bytes.length);
        return bytes.length;
    }

    private next(): Uint8Array<ArrayBuffer> {
        const slice = this.file.slice(this.offset, this.offset + BLOCK_BYTES);
        this.offset += slice.size;
        return new Uint8Array(this.reader.readAsArrayBuffer(slice));
    }
}

/** Counts the bytes read, and tells the page now and then which part of `total` they are. */
function progress(total: number): (count: number) => void {
    let read = 0;
    let told = performance.now();
    return (count) => {
        read += count;
        const now = performance.now();
        if (now - told >= PROGRESS_MS) {
            told = now;
            answer({ progress: total === 0 ? 1 : read / total });
        }
    };
}

function answer(said: Answer, transfer: Transferable[] = []) {
    scope.postMessage(said, transfer);
}

function reason(error: unknown): string {
    if (error instanceof WebAssembly.RuntimeError) {
        // A trap: memory that the browser did not give, or a fault of tls-stall's own.
        return "tls-stall failed on this capture (" + error.message + ")";
    }
    return error instanceof Error ? error.message : String(error);
}
