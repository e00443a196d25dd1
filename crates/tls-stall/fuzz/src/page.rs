//! That no text of a capture is more than text in what is shown.

/// The elements of the HTML pages.
const ELEMENTS: [&str; 60] = [
    "!doctype",
    "a",
    "article",
    "body",
    "br",
    "circle",
    "code",
    "dd",
    "defs",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "footer",
    "g",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "header",
    "html",
    "li",
    "line",
    "main",
    "marker",
    "meta",
    "nav",
    "ol",
    "p",
    "path",
    "pattern",
    "polygon",
    "pre",
    "rect",
    "section",
    "small",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "tspan",
    "ul",
    "use",
    "caption",
    "col",
    "colgroup",
    "figure",
    "figcaption",
];

/// Holds `text` to be one JSON value, without any character that could deceive a terminal.
pub(crate) fn is_json(text: &str) {
    let value: Result<serde_json::Value, _> = serde_json::from_str(text);
    assert!(value.is_ok(), "{text}");
    is_plain(text);
}

/// Holds `line` to be one line with one JSON value.
pub(crate) fn is_one_line_of_json(line: &str) {
    is_json(line);
    assert_eq!(line.find('\n'), line.len().checked_sub(1), "{line}");
}

/// Holds `text` to have no control character but line feeds, nor one that reorders a line.
pub(crate) fn is_plain(text: &str) {
    let deceives = |it: char| {
        let reorders = matches!(it, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        (it.is_control() && it != '\n') || reorders
    };
    assert!(!text.contains(deceives), "{text:?}");
}

/// Holds `text` to be CSV whose rows are equally long and whose cells are no formulas.
pub(crate) fn is_table(text: &str) {
    is_plain(&text.replace("\r\n", "\n"));
    let columns = text.lines().next().map_or(0, |row| cells(row).len());
    for row in text.lines() {
        let cells = cells(row);
        assert_eq!(cells.len(), columns, "{row}");
        for cell in cells {
            // Numbers may begin with a minus sign.
            let is_formula = cell.starts_with(['=', '+', '@', '\t', '\r']);
            assert!(!is_formula, "{row}");
        }
    }
}

/// The cells of a row, without their quotes.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = row.chars().peekable();
    while let Some(character) = characters.next() {
        let doubled = quoted && character == '"' && characters.peek() == Some(&'"');
        match (character, cells.last_mut()) {
            (',', _) if !quoted => cells.push(String::new()),
            ('"', Some(cell)) if doubled => {
                characters.next();
                cell.push('"');
            }
            ('"', _) => quoted = !quoted,
            (other, Some(cell)) => cell.push(other),
            (_, None) => {}
        }
    }
    assert!(!quoted, "{row}");
    cells
}

/// Holds `page` to be HTML of the elements and attributes that our pages have, and nothing that
/// runs.
pub(crate) fn is_document(page: &str) {
    is_plain(page);
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let (_, tag) = rest.split_at(at + 1);
        let name_end = tag.find([' ', '>', '/', '\n']).filter(|&end| end > 0);
        let tag = tag.strip_prefix('/').unwrap_or(tag);
        let end = tag
            .find([' ', '>', '/', '\n'])
            .or(name_end)
            .unwrap_or(tag.len());
        let (name, after) = tag.split_at(end);
        let name = name.to_lowercase();
        assert!(ELEMENTS.contains(&name.as_str()), "<{name}> in {page}");
        rest = attributes(after, page);
        if name == "style" {
            // What is in it is ours alone.
            rest = rest
                .find("</style")
                .map_or(rest, |end| rest.split_at(end).1);
        }
    }
}

/// Passes over the attributes of a tag, all of which stand in quotes, and gives what follows it.
fn attributes<'a>(tag: &'a str, page: &str) -> &'a str {
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches([' ', '\n', '/']);
        if let Some(after) = rest.strip_prefix('>') {
            return after;
        }
        let end = rest.find(['=', ' ', '>', '\n', '/']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let is_known = !name.is_empty()
            && name
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || it == '-' || it == ':');
        assert!(
            is_known && !name.to_lowercase().starts_with("on"),
            "attribute {name:?} in {page}"
        );
        rest = after;
        if let Some(value) = after.strip_prefix('=') {
            let quoted = value
                .strip_prefix('"')
                .and_then(|value| value.split_once('"'));
            let Some((_, after)) = quoted else {
                panic!("an attribute without quotes: {name} in {page}");
            };
            rest = after;
        }
    }
}
