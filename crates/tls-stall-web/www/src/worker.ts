/** Reads captures and makes reports of them, away from the page's own thread. */

import {
    type Capture,
    Comparison,
    Diagnosis,
    type Evidence,
    initSync,
    Reading,
} from "bindings";
import { FileBytes } from "./file";
import type { Answer, Form, Order, Task } from "./protocol";

const scope = self as unknown as DedicatedWorkerGlobalScope;

/** How often the page hears of progress at most. */
const PROGRESS_MS = 50;

/** What reports are made of. */
let current: { task: Task; result: Diagnosis | Comparison } | undefined;

scope.onmessage = async (event: MessageEvent<Order>) => {
    try {
        const order = event.data;
        if ("task" in order) {
            await analyze(order.task);
        } else {
            await make(order.make);
        }
    } catch (error) {
        answer({ failed: reason(error) });
    }
};

async function analyze(task: Task) {
    const { memory } = initSync({ module: task.module });
    const begun = performance.now();
    const [file, healthy] = task.files;
    if (file === undefined) {
        return;
    }
    const tell = progress(task.files.reduce((sum, it) => sum + it.size, 0));
    const read = async (file: File): Promise<Capture> => {
        const bytes = new FileBytes(file, tell);
        await bytes.load();
        const reading = new Reading(file.name, bytes, task.stallThresholdMs, healthy !== undefined);
        await steps(reading, bytes);
        return reading.finish();
    };
    const capture = await read(file);
    const result =
        healthy === undefined
            ? new Diagnosis(capture)
            : new Comparison(capture, await read(healthy));
    current = { task, result };
    const elapsedMs = performance.now() - begun;
    const [html, unread] = [result.html(), result.unread()];
    const memoryBytes = memory.buffer.byteLength;
    answer({ report: { html, unread, elapsedMs, memoryBytes } });
}

/** Has `reading` go on to its end, a block of `bytes` at a time. */
async function steps(reading: Reading | Evidence, bytes: FileBytes) {
    while (reading.step(await bytes.load())) {
        // Here the browser has its turn.
    }
}

async function make(form: Form) {
    if (current === undefined) {
        return;
    }
    const bytes = await made(form, current.task, current.result);
    answer({ made: form, bytes }, [bytes.buffer]);
}

async function made(
    form: Form,
    task: Task,
    result: Diagnosis | Comparison,
): Promise<Uint8Array<ArrayBuffer>> {
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
        const bytes = new FileBytes(file, () => undefined);
        await bytes.load();
        const evidence = result.evidence(bytes);
        await steps(evidence, bytes);
        return new Uint8Array(evidence.finish());
    }
    const redacted = result.redacted();
    try {
        return text(redacted.html());
    } finally {
        redacted.free();
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
