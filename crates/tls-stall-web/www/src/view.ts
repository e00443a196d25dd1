/** The parts of the page, by their ids. */

const SECTIONS = ["choice", "work", "failure", "result"] as const;

/** Shows one section in the place of the others, and tells the screen reader by its heading. */
export function show(section: (typeof SECTIONS)[number]) {
    for (const id of SECTIONS) {
        element(id, HTMLElement).hidden = id !== section;
    }
    // Where the one before was left may be far below.
    scrollTo(0, 0);
    document.getElementById(`${section}-name`)?.focus();
}

/** The element of the id `id`, which is of the type `type`. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
    const found = document.getElementById(id);
    if (!(found instanceof type)) {
        throw new Error(`the page has no ${type.name} #${id}`);
    }
    return found;
}
