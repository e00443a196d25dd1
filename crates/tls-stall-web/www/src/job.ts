/** A worker and what it is to do. */

import { wasm, workerUrl } from "./embedded";
import type { Answer, Form, Order, Report } from "./protocol";

/** What the page does with a worker's answers. */
export interface Listener {
    progress(part: number): void;
    report(report: Report): void;
    made(form: Form, bytes: Uint8Array<ArrayBuffer>): void;
    failed(reason: string): void;
}

/** Reads `files` in a thread of its own, and makes reports of them until it is ended. */
export class Worker {
    private readonly thread = new globalThis.Worker(workerUrl);
    private ended = false;

    constructor(
        readonly files: File[],
        stallThresholdMs: number,
        private readonly listener: Listener,
    ) {
        this.thread.onmessage = (event: MessageEvent<Answer>) => this.hear(event.data);
        this.thread.onerror = (event) => {
            event.preventDefault();
            this.fail(`tls-stall failed on this capture (${event.message})`);
        };
        wasm.then(
            (module) => this.order({ task: { module, files, stallThresholdMs } }),
            (error: unknown) => this.fail(`this browser cannot run tls-stall (${String(error)})`),
        );
    }

    /** Asks for a file to be made of the report. */
    make(form: Form) {
        this.order({ make: form });
    }

    /** Ends the work where it is; nothing is heard of it any more. */
    end() {
        this.ended = true;
        this.thread.terminate();
    }

    private order(order: Order) {
        if (!this.ended) {
            this.thread.postMessage(order);
        }
    }

    private hear(answer: Answer) {
        if (this.ended) {
            return;
        }
        if ("progress" in answer) {
            this.listener.progress(answer.progress);
        } else if ("report" in answer) {
            this.listener.report(answer.report);
        } else if ("made" in answer) {
            this.listener.made(answer.made, answer.bytes);
        } else {
            this.fail(answer.failed);
        }
    }

    private fail(reason: string) {
        if (!this.ended) {
            this.end();
            this.listener.failed(reason);
        }
    }
}
