/** The page: takes captures, shows what the worker makes of them. */

import "./closed";
import { deliver } from "./download";
import { Worker } from "./job";
import { example } from "./embedded";
import { keepOffline, takeShared } from "./offline";
import type { Form, Report } from "./protocol";
import { element, show } from "./view";
import { ReportFrame } from "./report";

const input = element("files", HTMLInputElement);
const threshold = element("threshold", HTMLSelectElement);
const frame = new ReportFrame(element("report", HTMLIFrameElement));
const status = element("status", HTMLElement);

/** The work under way, or the one whose report is shown. */
let worker: Worker | undefined;

function begin(files: File[]) {
    worker?.end();
    frame.clear();
    if (files.length === 0) {
        return;
    }
    if (files.length > 2) {
        fail("Choose one capture, or two to compare.");
        return;
    }
    const names = files.map((file) => file.name).join(" ↔ ");
    element("work-name", HTMLElement).textContent = names;
    advance(0);
    show("work");
    worker = new Worker(files, Number(threshold.value), {
        progress: advance,
        report: (report) => void present(names, files, report),
        made: (form, bytes) => deliver(files, form, bytes),
        failed: fail,
    });
}

function advance(part: number) {
    element("progress", HTMLProgressElement).value = part;
    element("percent", HTMLElement).textContent = `${Math.floor(part * 100)} %`;
}

async function present(names: string, files: File[], report: Report) {
    const isPair = files.length === 2;
    element("result-name", HTMLElement).textContent = names;
    const unread = element("unread", HTMLElement);
    unread.textContent = report.unread ?? "";
    unread.hidden = report.unread === undefined;
    element("swap", HTMLButtonElement).hidden = !isPair;
    for (const button of saves()) {
        button.disabled = false;
        button.hidden = isPair && !(button.dataset.form === "html" || button.dataset.form === "json");
    }
    show("result");
    const { elapsedMs, memoryBytes } = report;
    Object.assign(element("result", HTMLElement).dataset, { elapsedMs, memoryBytes });
    status.textContent = await frame.show(report.html);
}

function fail(reason: string) {
    element("failure-reason", HTMLElement).textContent = reason;
    status.textContent = reason;
    show("failure");
}

function startOver() {
    worker?.end();
    worker = undefined;
    frame.clear();
    input.value = "";
    status.textContent = "";
    show("choice");
    input.focus();
}

function saves(): NodeListOf<HTMLButtonElement> {
    return document.querySelectorAll<HTMLButtonElement>("button[data-form]");
}

input.addEventListener("change", () => begin([...(input.files ?? [])]));
element("example", HTMLButtonElement).addEventListener("click", () => begin([example("here")]));
element("example-pair", HTMLButtonElement).addEventListener("click", () =>
    begin([example("here"), example("there")]),
);
element("cancel", HTMLButtonElement).addEventListener("click", startOver);
element("swap", HTMLButtonElement).addEventListener("click", () =>
    begin([...(worker?.files ?? [])].reverse()),
);
for (const button of document.querySelectorAll(".again")) {
    button.addEventListener("click", startOver);
}
for (const button of saves()) {
    button.addEventListener("click", () => worker?.make(button.dataset.form as Form));
}

document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) {
        document.body.classList.remove("over");
    }
});
document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    begin([...(event.dataTransfer?.files ?? [])]);
});

void keepOffline();
void takeShared().then((files) => {
    if (files.length > 0) {
        begin(files);
    }
});
