//! Names of others in letters of ours.

/// The longest name that a letter repeats, characters.
const NAME: usize = 60;

/// A name as a letter may repeat it: one line, short, nothing unseen, and nothing that a mail program would make a link
/// of. `none` stands for an empty one.
pub fn plain_name(text: &str, none: &str) -> String {
    let one: String = text
        .chars()
        .filter(|c| !unseen(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<String> = one.split_whitespace().map(unlinked).collect();
    let out: String = words.join(" ").chars().take(NAME).collect();
    if out.is_empty() { none.to_owned() } else { out }
}

/// Characters that take no room or turn the direction of what follows.
fn unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// An address becomes an ellipsis; what only looks like a host (`contoso.com`) gets a space that a link cannot have.
fn unlinked(word: &str) -> String {
    let lower = word.to_lowercase();
    if word.contains("://") || lower.starts_with("www.") || lower.starts_with("mailto:") {
        return "…".to_owned();
    }
    let letters: Vec<char> = word.chars().collect();
    let inner = |i: usize| i.checked_sub(1).and_then(|b| letters.get(b)).zip(letters.get(i + 1));
    let mut out = String::new();
    for (i, c) in letters.iter().enumerate() {
        out.push(*c);
        let dot = matches!(c, '.' | '。' | '．' | '｡');
        if dot && inner(i).is_some_and(|(a, b)| a.is_alphanumeric() && b.is_alphanumeric()) {
            out.push(' ');
        }
    }
    out
}
