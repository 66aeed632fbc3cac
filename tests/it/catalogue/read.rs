//! Every `sql!` call of every `db.rs`, read from the source.

use crate::house::{Source, each_run, sources};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::HashMap;

/// One statement in both spellings.
#[derive(Debug)]
pub struct Statement {
    /// `src/users/db.rs:12`.
    pub at: String,
    /// The room's folder.
    pub room: String,
    /// Nothing for a statement that only PostgreSQL is given.
    pub lite: String,
    pub pg: String,
    /// How many columns its row type wants; nothing for `exec` and for generic rows.
    pub columns: Option<(String, usize)>,
    /// How many values are given.
    pub values: usize,
}

impl Statement {
    pub fn texts(&self) -> Vec<&str> {
        let both = !self.lite.is_empty() && self.lite != self.pg;
        if both { vec![&*self.lite, &*self.pg] } else { vec![&*self.pg] }
    }
    /// The text of `/* word: ... */`.
    pub fn note(&self, word: &str) -> bool {
        let start = format!("/* {word}:");
        let inner = format!(", {word}:");
        self.texts().iter().all(|t| t.contains(&start) || t.contains(&inner))
    }
    /// SQLite's spelling with SQLite's parameters.
    pub fn lite(&self) -> String {
        muster::store::Stmt::dynamic(&self.lite, String::new()).lite.into_owned()
    }
}

type Macros = HashMap<String, (Vec<String>, TokenStream)>;
type Rows = HashMap<String, Vec<(String, usize)>>;

pub fn statements() -> Vec<Statement> {
    let all = sources("src");
    let mut rows: Rows = HashMap::new();
    for s in &all {
        read_rows(s, &mut rows);
    }
    let mut out = Vec::new();
    let shared = all.iter().find(|s| s.path.ends_with("store/pieces.rs")).expect("what all share");
    for s in all.iter().filter(|s| s.file() == "db.rs") {
        let mut macros = read_macros(shared);
        macros.extend(read_macros(s));
        let room = s.path.components().nth(1).expect("a room").as_os_str();
        let room = room.to_str().expect("a name").to_owned();
        each_run(&s.tokens, &mut |run| {
            for w in run.windows(3) {
                if let [TokenTree::Ident(i), TokenTree::Punct(p), TokenTree::Group(g)] = w
                    && i == "sql"
                    && p.as_char() == '!'
                {
                    let at = s.at(&w[0]);
                    out.push(statement(at, &room, s, &g.stream(), &macros, &rows));
                }
            }
        });
    }
    out
}

fn statement(
    at: String,
    room: &str,
    s: &Source,
    call: &TokenStream,
    macros: &Macros,
    rows: &Rows,
) -> Statement {
    let mut args = split(call);
    assert!(args.len() >= 3, "{at}: a sql! call that cannot be read");
    let method = args[1].to_string().replace(' ', "");
    let text: Vec<TokenTree> = args[2].clone().into_iter().collect();
    let (lite, pg) = match text.as_slice() {
        [TokenTree::Group(g)] if g.delimiter() == Delimiter::Brace => {
            let (mut lite, mut pg) = (String::new(), String::new());
            for part in split(&g.stream()) {
                let part: Vec<TokenTree> = part.into_iter().collect();
                let value = eval(&at, &part[2..], macros);
                if part[0].to_string() == "lite" { lite = value } else { pg = value }
            }
            (lite, pg)
        }
        text => {
            let t = eval(&at, text, macros);
            (t.clone(), t)
        }
    };
    let columns = method.split_once('<').and_then(|(_, t)| {
        let name = t.strip_suffix('>').expect("a type");
        width(s, name, rows).map(|n| (name.to_owned(), n))
    });
    let values = args.split_off(3).len();
    Statement { at, room: room.to_owned(), lite, pg, columns, values }
}

/// How many columns a row type takes; nothing for a type parameter.
fn width(s: &Source, name: &str, rows: &Rows) -> Option<usize> {
    let scalar = ["i64", "bool", "String", "Timestamp"];
    let inner = name.strip_prefix("Option<").map_or(name, |n| n.trim_end_matches('>'));
    let last = inner.rsplit("::").next().expect("a name");
    if scalar.contains(&last) || last.ends_with("Id") {
        return Some(1);
    }
    let here = s.path.display().to_string();
    let known = rows.get(last)?;
    let own = known.iter().find(|(f, _)| *f == here);
    own.or(known.first()).map(|(_, n)| *n)
}

/// Splits at the commas of the outermost level, angle brackets counted.
fn split(tokens: &TokenStream) -> Vec<TokenStream> {
    let mut out = vec![Vec::new()];
    let mut depth = 0i32;
    for t in tokens.clone() {
        if let TokenTree::Punct(p) = &t {
            match p.as_char() {
                '<' => depth += 1,
                '>' => depth -= 1,
                ',' if depth == 0 => {
                    out.push(Vec::new());
                    continue;
                }
                _ => {}
            }
        }
        out.last_mut().expect("one").push(t);
    }
    out.into_iter().filter(|v| !v.is_empty()).map(|v| v.into_iter().collect()).collect()
}

/// The text of a literal, a `concat!`, or a macro of the same file or of those that all share.
fn eval(at: &str, tokens: &[TokenTree], macros: &Macros) -> String {
    match tokens {
        [TokenTree::Literal(l)] => match syn::Lit::new(l.clone()) {
            syn::Lit::Str(s) => s.value(),
            _ => panic!("{at}: not a text"),
        },
        [TokenTree::Group(g)] if g.delimiter() == Delimiter::None => {
            eval(at, &g.stream().into_iter().collect::<Vec<_>>(), macros)
        }
        [TokenTree::Ident(i), TokenTree::Punct(_), TokenTree::Group(g)] => {
            let args = split(&g.stream());
            if i == "concat" {
                let part = |a: TokenStream| eval(at, &a.into_iter().collect::<Vec<_>>(), macros);
                return args.into_iter().map(part).collect();
            }
            let (params, body) =
                macros.get(&i.to_string()).unwrap_or_else(|| panic!("{at}: what is {i}!?"));
            let given = params.iter().cloned().zip(args).collect();
            eval(at, &fill(body, &given).into_iter().collect::<Vec<_>>(), macros)
        }
        _ => panic!("{at}: the text of the statement is not a literal, so it cannot be checked"),
    }
}

/// `$name` replaced.
fn fill(body: &TokenStream, given: &HashMap<String, TokenStream>) -> TokenStream {
    let mut out = Vec::new();
    let mut tokens = body.clone().into_iter().peekable();
    while let Some(t) = tokens.next() {
        match &t {
            TokenTree::Punct(p) if p.as_char() == '$' => {
                let name = tokens.next().expect("a name").to_string();
                out.extend(given.get(&name).cloned().into_iter().flatten());
            }
            TokenTree::Group(g) => {
                out.push(proc_macro2::Group::new(g.delimiter(), fill(&g.stream(), given)).into());
            }
            _ => out.push(t),
        }
    }
    out.into_iter().collect()
}

/// The file's own macros: those of one rule, whose parameters are literals.
fn read_macros(s: &Source) -> Macros {
    let mut out = HashMap::new();
    each_run(&s.tokens, &mut |run| {
        for w in run.windows(4) {
            if let [
                TokenTree::Ident(i),
                TokenTree::Punct(_),
                TokenTree::Ident(name),
                TokenTree::Group(g),
            ] = w
                && i == "macro_rules"
            {
                let rule: Vec<TokenTree> = g.stream().into_iter().collect();
                if let (TokenTree::Group(params), Some(TokenTree::Group(body))) =
                    (&rule[0], rule.get(3))
                {
                    let params: Vec<String> = split(&params.stream())
                        .into_iter()
                        .filter_map(|p| p.into_iter().nth(1).map(|n| n.to_string()))
                        .collect();
                    out.insert(name.to_string(), (params, body.stream()));
                }
            }
        }
    });
    out
}

/// The row types of a file and how many fields they have.
fn read_rows(s: &Source, rows: &mut Rows) {
    each_run(&s.tokens, &mut |run| {
        for w in run.windows(3) {
            if let [TokenTree::Ident(i), TokenTree::Punct(_), TokenTree::Group(g)] = w
                && i == "row"
                && let Ok(item) = syn::parse2::<syn::ItemStruct>(g.stream())
            {
                let entry = (s.path.display().to_string(), item.fields.len());
                rows.entry(item.ident.to_string()).or_default().push(entry);
            }
        }
    });
}
