//! The looks of all pages: type, space, corners and lines come from one scale, whose names stand at the head of the style
//! sheet of all pages; what is not in it stands in no rule.

use super::report;
use crate::pure;

/// The style sheet of all pages, with the scale, and the console's.
const SHEETS: [&str; 2] = ["templates/muster.css", "src/desk/assets/desk.css"];

/// A sheet without its comments.
fn read(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(&path).expect("a style sheet");
    let mut pieces = text.split("/*");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, p| all + p.split_once("*/").expect("a comment's end").1)
}

/// Properties with their values.
fn declarations(sheet: &str) -> impl Iterator<Item = (&str, &str)> {
    let blocks = sheet.split(['{', '}', ';']);
    blocks.filter_map(|d| d.split_once(':')).map(|(p, v)| (p.trim(), v.trim()))
}

/// The letter of the names that a property may take its sizes from.
fn scale(property: &str) -> Option<char> {
    match property {
        "font-size" | "font" => Some('t'),
        "gap" | "row-gap" | "column-gap" => Some('s'),
        p if p.starts_with("margin") || p.starts_with("padding") => Some('s'),
        p if p.starts_with("border") && p.ends_with("radius") => Some('r'),
        p if p.starts_with("border") || p.starts_with("outline") => Some('w'),
        _ => None,
    }
}

/// What in a value is no name of the scale.
fn stray(property: &str, value: &str) -> Option<String> {
    let letter = scale(property)?;
    let sized = |w: &&str| w.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let fits = |w: &&str| match w.strip_prefix("--") {
        Some(name) if letter == 'w' => name.starts_with("w-") || !name.contains(char::is_numeric),
        Some(name) => name.starts_with(&format!("{letter}-")),
        None => *w == "0",
    };
    // How much of one colour is in another is no size.
    let words = value.split([' ', '(', ')', ',']).filter(|w| !w.ends_with('%'));
    words.filter(sized).find(|w| !fits(w)).map(|w| format!("{property}: {value} ({w})"))
}

pure!(
    fn a_value_of_its_own_is_seen() {
        for (property, value) in [
            ("font-size", "0.9375rem"),
            ("font", "1rem/1.5 serif"),
            ("padding", "var(--s-2) 3px"),
            ("margin-top", "-0.5rem"),
            ("margin", "calc(-1 * var(--s-2))"),
            ("gap", "var(--t-2)"),
            ("border-top-left-radius", "7px"),
            ("border", "1px solid var(--line)"),
            ("outline-offset", "3px"),
        ] {
            assert!(stray(property, value).is_some(), "{property}: {value}");
        }
        for (property, value) in [
            ("font", "inherit"),
            ("font-size", "var(--t-code)"),
            ("margin", "0 auto var(--s-5)"),
            ("padding-left", "calc(var(--s-6) + var(--s-5))"),
            ("border", "var(--w-1) solid color-mix(in srgb, var(--bad) 65%, transparent)"),
            ("width", "2.5rem"),
        ] {
            assert_eq!(stray(property, value), None);
        }
        let sheet = "a { padding: 1px; } @media (max-width: 40rem) { b:hover { gap: 2px } }";
        let found: Vec<_> = declarations(sheet).filter_map(|(p, v)| stray(p, v)).collect();
        assert_eq!(found, ["padding: 1px (1px)", "gap: 2px (2px)"]);
    }
);

pure!(
    fn pages_have_one_scale_of_type_space_corners_and_lines() {
        let sheets = SHEETS.map(read);
        let mut faults = Vec::new();
        for (path, sheet) in SHEETS.iter().zip(&sheets) {
            faults.extend(
                declarations(sheet)
                    .filter_map(|(p, v)| stray(p, v))
                    .map(|f| format!("{path}: {f}")),
            );
        }
        // A name that nobody made says nothing, and one that nobody uses is one too many.
        let all = sheets.join("\n");
        let made: Vec<&str> =
            declarations(&all).map(|d| d.0).filter(|p| p.starts_with("--")).collect();
        let used: Vec<&str> =
            all.split("var(").skip(1).filter_map(|u| u.split(')').next()).collect();
        faults.extend(
            used.iter().filter(|u| !made.contains(u)).map(|u| format!("{u} is used and not there")),
        );
        faults.extend(
            made.iter().filter(|m| !used.contains(m)).map(|m| format!("{m} is there and not used")),
        );
        report("the looks of pages", &faults);
    }
);
