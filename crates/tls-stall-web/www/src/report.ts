/** A report in a frame that runs no scripts: what it says stems from a capture. */

/** The frame, as tall as the report in it, so that the page scrolls as one. */
export class ReportFrame {
    private url: string | undefined;
    private readonly observer = new ResizeObserver(() => this.fit());

    constructor(private readonly frame: HTMLIFrameElement) {}

    /** Shows `html` and gives its title. */
    async show(html: string): Promise<string> {
        this.clear();
        // An address of its own, so that the links within the report work.
        this.url = URL.createObjectURL(new Blob([html], { type: "text/html" }));
        const loaded = new Promise((resolve) => {
            this.frame.addEventListener("load", resolve, { once: true });
        });
        this.frame.src = this.url;
        await loaded;
        const report = this.frame.contentDocument;
        if (report !== null) {
            this.observer.observe(report.documentElement);
        }
        this.fit();
        return report?.title ?? "";
    }

    /** Takes the report away. */
    clear() {
        this.observer.disconnect();
        this.frame.removeAttribute("src");
        this.frame.style.height = "";
        if (this.url !== undefined) {
            URL.revokeObjectURL(this.url);
            this.url = undefined;
        }
    }

    private fit() {
        const report = this.frame.contentDocument?.documentElement;
        if (report !== undefined) {
            this.frame.style.height = `${report.getBoundingClientRect().height + 32}px`;
        }
    }
}
