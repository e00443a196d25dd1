/** Files to save. */

import type { Form } from "./protocol";

const FORMS: Record<Form, { ending: string; type: string }> = {
    html: { ending: ".html", type: "text/html" },
    json: { ending: ".json", type: "application/json" },
    annotated: { ending: ".evidence.pcapng", type: "application/x-pcapng" },
    redacted: { ending: ".html", type: "text/html" },
};

/** How long a file that is being saved stays readable. */
const KEPT_MS = 60_000;

/** Has the browser save what was made of `files`. */
export function deliver(files: File[], form: Form, bytes: Uint8Array<ArrayBuffer>) {
    const { ending, type } = FORMS[form];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes], { type }));
    // The name of a capture may tell whose it is.
    const name = form === "redacted" ? "tls-stall-redacted" : files.map((it) => it.name).join("-");
    link.download = name + ending;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
