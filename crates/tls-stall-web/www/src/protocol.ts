/** What the page and its worker say to each other. */

/** What is wanted of one capture, or of two. */
export interface Task {
    /** The WebAssembly, compiled once for all workers. */
    module: WebAssembly.Module;
    /** One capture for a diagnosis, two for a comparison. */
    files: File[];
    /** The shortest wait that is a stall. */
    stallThresholdMs: number;
}

/** The files that can be made of a report. */
export type Form = "html" | "json" | "annotated" | "redacted";

/** From the page to the worker. */
export type Order = { task: Task } | { make: Form };

/** From the worker to the page. */
export type Answer =
    | { progress: number }
    | { report: Report }
    | { made: Form; bytes: Uint8Array<ArrayBuffer> }
    | { failed: string };

/** What came of the reading. */
export interface Report {
    /** A page of its own, to be shown without scripts. */
    html: string;
    /** Why the rest of a capture is not in it, if reading failed on the way. */
    unread: string | undefined;
    /** How long the reading took. */
    elapsedMs: number;
    /** How much memory the WebAssembly has come to hold. */
    memoryBytes: number;
}
