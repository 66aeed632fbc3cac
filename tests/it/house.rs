//! The house rules, read from the source: who may use whom, where SQL and drivers may stand, who may prove a caller
//! and make what is signed, how long a file may be.

mod css;
mod words;

use crate::pure;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// The floors, from the ground up; a room uses floors below and rooms to its left. Names of the last two entries
/// stand above everything.
const FLOORS: &[(&str, &[&str])] = &[
    ("words", &["error", "clock", "text", "json", "id", "secret", "config", "actor", "protocol"]),
    ("ground", &["store", "crypto", "net", "mail"]),
    ("memory", &["outbox", "audit", "repeats"]),
    (
        "truth",
        &[
            "sessions",
            "access",
            "keys",
            "tenants",
            "directories",
            "domains",
            "users",
            "groups",
            "credentials",
            "apps",
            "invitations",
            "setup",
            "flows",
            "provisioning",
            "signals",
            "events",
            "signins",
            "usage",
            "gate",
            "farewell",
        ],
    ),
    ("between", &["app", "checks"]),
    ("porch", &["web"]),
    ("voices", &["scim", "signin", "federation", "oauth", "ssf", "api", "console"]),
    ("above", &["server", "demo", "cli"]),
];
/// Macros live at the root by name.
const MACROS: &[(&str, &str)] = &[
    ("sql", "store"),
    ("row", "store"),
    ("tx", "store"),
    ("lite_sql", "store"),
    ("some_rows", "store"),
    ("enum_column", "store"),
    ("for_each_id", "id"),
];
const LINES: usize = 500;

pub struct Source {
    pub path: PathBuf,
    pub text: String,
    pub tokens: TokenStream,
}
impl Source {
    /// `src/users/db.rs` -> `users`; the crate's own two files have none.
    fn room(&self) -> Option<&str> {
        let first = self.path.components().nth(1)?.as_os_str().to_str()?;
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(room, "main" | "lib")).then_some(room)
    }
    pub fn file(&self) -> &str {
        self.path.file_name().and_then(|n| n.to_str()).unwrap_or("")
    }
    pub fn at(&self, t: &TokenTree) -> String {
        format!("{}:{}", self.path.display(), t.span().start().line)
    }
    /// How many modules deep: `src/users/filter/db.rs` is `users::filter::db`.
    fn depth(&self) -> usize {
        let n = self.path.components().count() - 1;
        if self.file() == "mod.rs" { n - 1 } else { n }
    }
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|e| e.expect("an entry").path())
        .collect();
    entries.sort();
    for p in entries {
        if p.is_dir() {
            files(&p, out);
        } else if p.extension().is_some_and(|e| e == "rs") {
            out.push(p);
        }
    }
}

/// All Rust files below `dir`, relative to the package.
pub fn sources(dir: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    files(&root.join(dir), &mut paths);
    let read = |p: PathBuf| {
        let text = std::fs::read_to_string(&p).expect("a source file");
        let path = p.strip_prefix(root).expect("inside").to_owned();
        let tokens = text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Source { path, text, tokens }
    };
    paths.into_iter().map(read).collect()
}

fn is_punct(t: Option<&TokenTree>, c: char) -> bool {
    matches!(t, Some(TokenTree::Punct(p)) if p.as_char() == c)
}
fn ident(t: Option<&TokenTree>) -> Option<String> {
    match t {
        Some(TokenTree::Ident(i)) => Some(i.to_string()),
        _ => None,
    }
}

/// Calls `f` with every run of sibling tokens, outermost first.
pub fn each_run(tokens: &TokenStream, f: &mut impl FnMut(&[TokenTree])) {
    let run: Vec<TokenTree> = tokens.clone().into_iter().collect();
    f(&run);
    for t in &run {
        if let TokenTree::Group(g) = t {
            each_run(&g.stream(), f);
        }
    }
}

/// The rooms a file names by `crate::` or `super::`, with where.
fn uses(s: &Source) -> Vec<(String, String)> {
    let mut out = Vec::new();
    each_run(&s.tokens, &mut |run| {
        for i in 0..run.len() {
            let mut at = i;
            match ident(run.get(i)).as_deref() {
                Some("crate") => at += 1,
                Some("super") if !is_punct(i.checked_sub(1).and_then(|p| run.get(p)), ':') => {
                    let mut ups = 0;
                    while ident(run.get(at)).as_deref() == Some("super") {
                        ups += 1;
                        at += 1;
                        if ident(run.get(at + 2)).as_deref() == Some("super") {
                            at += 2;
                        }
                    }
                    // Modules written inside a file are not counted: none of them goes this far up.
                    if ups < s.depth() {
                        continue;
                    }
                }
                _ => continue,
            }
            if is_punct(run.get(at), ':') && is_punct(run.get(at + 1), ':') {
                names(run.get(at + 2), &mut |t, name| out.push((s.at(t), name)));
            }
        }
    });
    out
}
/// The first names of what follows `crate::`.
fn names(t: Option<&TokenTree>, f: &mut impl FnMut(&TokenTree, String)) {
    match t {
        Some(t @ TokenTree::Ident(i)) => f(t, i.to_string()),
        Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Brace => {
            let mut first = true;
            for t in g.stream() {
                if first {
                    names(Some(&t), f);
                }
                first = is_punct(Some(&t), ',');
            }
        }
        _ => {}
    }
}

fn place(room: &str) -> Option<(usize, usize)> {
    let find = |(f, (_, rooms)): (usize, &(&str, &[&str]))| {
        rooms.iter().position(|r| *r == room).map(|i| (f, i))
    };
    FLOORS.iter().enumerate().find_map(find)
}

pure!(
    fn the_rules_see_what_they_should() {
        let text = "use crate::{users::{self, db}, access}; use super::db; \
            fn f() { super::super::gate::g(); crate::tx!(s, c, [], |t| { crate::keys::k(t) }) }";
        let path = PathBuf::from("src/apps/manage.rs");
        let s = Source { path, text: text.into(), tokens: text.parse().expect("tokens") };
        let found: Vec<String> = uses(&s).into_iter().map(|(_, name)| name).collect();
        assert_eq!(found, ["users", "access", "gate", "tx", "keys"]);
        assert!(is_sql("SELECT 1") && is_sql("UPDATE a SET b = 1") && !is_sql("Select a tenant"));
        assert!(place("users") < place("gate") && place("web") < place("scim"));
    }
);

fn report(what: &str, faults: &[String]) {
    if !faults.is_empty() {
        let mut text = format!("{what}:\n");
        for f in faults {
            let _ = writeln!(text, "  {f}");
        }
        panic!("{text}");
    }
}

pure!(
    fn rooms_use_floors_below_and_rooms_to_their_left() {
        let mut faults = Vec::new();
        for s in sources("src") {
            let Some(room) = s.room() else { continue };
            // A crate of its own: that it reaches none of our rooms is the compiler's to hold.
            if room == "desk" {
                continue;
            }
            let Some((floor, left)) = place(room) else {
                faults.push(format!("{}: room `{room}` is on no floor", s.path.display()));
                continue;
            };
            for (at, name) in uses(&s) {
                let mac = MACROS.iter().find(|(m, _)| *m == name).map(|(_, r)| *r);
                let used = mac.unwrap_or(&name);
                if used == room {
                    continue;
                }
                let Some((f, l)) = place(used) else {
                    faults.push(format!("{at}: `crate::{used}` is no room"));
                    continue;
                };
                let name = FLOORS[floor].0;
                if f > floor {
                    faults.push(format!("{at}: `{room}` ({name}) uses `{used}` of a floor above"));
                } else if f == floor && name == "voices" {
                    faults.push(format!("{at}: the voice `{room}` uses the voice `{used}`"));
                } else if f == floor && l > left {
                    faults.push(format!("{at}: `{room}` uses `{used}` to its right ({name})"));
                }
            }
        }
        report("a room uses what it must not know", &faults);
    }
);

pure!(
    fn files_are_short_and_doors_say_what_they_are_for() {
        let mut faults = Vec::new();
        for dir in ["src", "tests", "bench"] {
            for s in sources(dir) {
                let n = s.text.lines().count();
                if n > LINES {
                    faults.push(format!("{}: {n} lines, {LINES} are allowed", s.path.display()));
                }
                if s.path.starts_with("src") && !s.text.starts_with("//!") {
                    faults.push(format!(
                        "{}:1: the first lines say what it is for (//!)",
                        s.path.display()
                    ));
                }
                for (i, line) in s.text.lines().enumerate() {
                    for word in ["TO\x44O", "FIX\x4dE"] {
                        if line.contains(word) {
                            faults.push(format!("{}:{}: {word}", s.path.display(), i + 1));
                        }
                    }
                }
            }
        }
        report("files", &faults);
    }
);

/// Whether a string literal is a statement.
fn is_sql(text: &str) -> bool {
    let t = text.trim_start();
    let starts = |w: &str| t.starts_with(w);
    (starts("SELECT ") || starts("WITH ") && t.contains(" AS ("))
        || starts("INSERT INTO ")
        || starts("DELETE FROM ")
        || (starts("UPDATE ") && t.contains(" SET "))
        || starts("CREATE TABLE ")
        || starts("ALTER TABLE ")
        || starts("PRAGMA ")
}

pure!(
    fn sql_stands_in_db_rs_and_drivers_in_the_store() {
        let mut faults = Vec::new();
        for s in sources("src").iter().filter(|s| s.room() != Some("store")) {
            let db = s.file() == "db.rs";
            each_run(&s.tokens, &mut |run| {
                for (i, t) in run.iter().enumerate() {
                    match t {
                        TokenTree::Ident(id) => {
                            let id = id.to_string();
                            if matches!(&*id, "rusqlite" | "sqlx" | "rusqlite_migration") {
                                faults.push(format!("{}: names the driver {id}", s.at(t)));
                            }
                            let call = id == "sql" && is_punct(run.get(i + 1), '!');
                            if !db && (call || id == "Stmt") {
                                faults.push(format!("{}: SQL outside a db.rs", s.at(t)));
                            }
                        }
                        TokenTree::Literal(l) if !db => {
                            if let syn::Lit::Str(l) = syn::Lit::new(l.clone())
                                && is_sql(&l.value())
                            {
                                faults.push(format!("{}: SQL outside a db.rs", s.at(t)));
                            }
                        }
                        _ => {}
                    }
                }
            });
        }
        report("the database is spoken to in the wrong place", &faults);
    }
);

pure!(
    fn callers_are_proved_and_tokens_are_made_in_their_places() {
        let mut faults = Vec::new();
        for s in sources("src") {
            let room = s.room().unwrap_or("");
            let may_prove = matches!(room, "web" | "server" | "cli" | "demo" | "actor")
                || s.file() == "caller.rs";
            each_run(&s.tokens, &mut |run| {
                for (i, t) in run.iter().enumerate() {
                    let path = |a: &str, b: &str| {
                        ident(Some(t)).as_deref() == Some(a)
                            && is_punct(run.get(i + 1), ':')
                            && ident(run.get(i + 3)).as_deref() == Some(b)
                    };
                    if path("Actor", "prove") && !may_prove {
                        faults.push(format!(
                            "{}: only web, a caller.rs, server and cli prove an actor",
                            s.at(t)
                        ));
                    }
                    if path("Signable", "for_gate") && room != "gate" {
                        faults.push(format!(
                            "{}: only the gate makes what the signer signs",
                            s.at(t)
                        ));
                    }
                }
            });
        }
        report("trust comes from the wrong place", &faults);
    }
);

pure!(
    fn the_program_does_not_panic_on_purpose() {
        let mut faults = Vec::new();
        // Tests of a crate of ours stand beside it.
        for s in sources("src").into_iter().filter(|s| !s.path.starts_with("src/desk/tests")) {
            each_run(&s.tokens, &mut |run| {
                for (i, t) in run.iter().enumerate() {
                    let Some(name) = ident(Some(t)) else { continue };
                    let method = is_punct(i.checked_sub(1).and_then(|p| run.get(p)), '.')
                        && matches!(run.get(i + 1), Some(TokenTree::Group(_)))
                        && matches!(&*name, "unwrap" | "expect" | "unwrap_err" | "expect_err");
                    let mac = is_punct(run.get(i + 1), '!')
                        && matches!(
                            &*name,
                            "panic" | "todo" | "unimplemented" | "unreachable" | "dbg"
                        );
                    let assert = is_punct(run.get(i + 1), '!') && name.starts_with("assert");
                    if method || mac || assert {
                        faults.push(format!("{}: {name}", s.at(t)));
                    }
                }
            });
        }
        report("panics", &faults);
    }
);
