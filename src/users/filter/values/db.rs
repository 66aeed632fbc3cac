//! The texts of values inside the document.

use crate::{
    error::Result,
    protocol::scim::{
        bad,
        filter::{Literal, Op, folded, is_text},
        schema::{Attr, Found, Type},
    },
    users::query::Arg,
};

/// A condition or an expression in both dialects.
#[derive(Clone)]
pub(in super::super) struct Cond {
    pub lite: String,
    pub pg: String,
}
impl Cond {
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { lite: text.clone(), pg: text }
    }
    pub fn map(self, f: impl Fn(&str) -> String) -> Self {
        Self { lite: f(&self.lite), pg: f(&self.pg) }
    }
    pub fn join(a: &Self, word: &str, b: &Self) -> Self {
        Self {
            lite: format!("({} {word} {})", a.lite, b.lite),
            pg: format!("({} {word} {})", a.pg, b.pg),
        }
    }
    pub fn never() -> Self {
        Self::same("1 = 0")
    }
    pub fn always() -> Self {
        Self::same("1 = 1")
    }
    /// Not so; what is unknown counts as false.
    pub fn not(self) -> Self {
        self.map(|t| format!("NOT COALESCE(({t}), 1 = 0)"))
    }
}

/// The values of a condition, `$3` and on.
#[derive(Default)]
pub(in super::super) struct Args(pub Vec<Arg>);
impl Args {
    pub fn bind(&mut self, a: Arg) -> String {
        self.0.push(a);
        format!("${}", self.0.len() + 2)
    }
}

/// A name that may stand in a text between quotes: what schemas are made of has been checked where it came in, and
/// nothing else passes here either. `$` is only `$ref`'s: no parameter begins so.
fn safe(name: &str) -> bool {
    name == "$ref"
        || (!name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || ":._-".contains(c)))
}

/// The names on the way to an attribute, or to a part of it.
pub(in super::super) fn names<'a>(at: &'a Found, sub: Option<&'a Attr>) -> Result<Vec<&'a str>> {
    let mut names: Vec<&str> = at.extension.as_deref().into_iter().collect();
    names.push(&at.attr.name);
    names.extend(sub.map(|s| s.name.as_str()));
    match names.iter().find(|n| !safe(n)) {
        Some(n) => Err(bad("invalidFilter", n, "this attribute is not filtered by")),
        None => Ok(names),
    }
}

fn folded_names(case: bool, names: &[&str]) -> Vec<String> {
    names.iter().map(|n| if case { (*n).to_owned() } else { n.to_lowercase() }).collect()
}

/// `$."a"."b"`
fn path(names: &[String]) -> String {
    names.iter().fold("$".to_owned(), |p, n| format!("{p}.\"{n}\""))
}

/// The document's text at a path of names.
pub(in super::super) fn text_at(alias: &str, case: bool, names: &[&str]) -> Cond {
    let doc = if case { "doc" } else { "folded" };
    let names = folded_names(case, names);
    let quoted: Vec<String> = names.iter().map(|n| format!("\"{n}\"")).collect();
    Cond {
        lite: format!("({alias}.{doc} ->> '{}')", path(&names)),
        pg: format!("({alias}.{doc} #>> '{{{}}}')", quoted.join(",")),
    }
}

/// The value that a list is sorted by where there are several: of the primary element, or else of the first.
pub(in super::super) fn chosen(alias: &str, case: bool, names: &[&str], sub: Option<&str>) -> Cond {
    let doc = if case { "doc" } else { "folded" };
    let at = path(&folded_names(case, names));
    let name = |n: &str| if case { n.to_owned() } else { n.to_lowercase() };
    let (lite, pg) = match sub {
        Some(s) => {
            (format!("e.value ->> '$.\"{0}\"'", name(s)), format!("e.value ->> '{}'", name(s)))
        }
        None => ("e.value".to_owned(), "e.value #>> '{}'".to_owned()),
    };
    // Without parts nothing is primary.
    let first = |primary: &str| sub.map(|_| format!("{primary}, ")).unwrap_or_default();
    let (l, p) = (
        first("COALESCE(e.value ->> '$.\"primary\"', 0) DESC"),
        first("COALESCE(e.value ->> 'primary', 'false') DESC"),
    );
    Cond {
        lite: format!(
            "(SELECT {lite} FROM json_each({alias}.{doc}, '{at}') e ORDER BY {l}e.key LIMIT 1)"
        ),
        pg: format!(
            "(SELECT {pg} FROM jsonb_path_query({alias}.{doc}, '{at}[*]') WITH ORDINALITY AS e(value, key) \
             ORDER BY {p}e.key LIMIT 1)"
        ),
    }
}

/// A value as one that numbers are compared with and sorted by; what is no number is none.
pub(in super::super) fn number(x: &Cond) -> Cond {
    Cond {
        lite: format!("(CASE WHEN typeof({x}) IN ('integer', 'real') THEN {x} END)", x = x.lite),
        pg: format!(
            "(CASE WHEN {x} ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN {x}::float8 END)",
            x = x.pg
        ),
    }
}

/// One value compared; `x` may be NULL, which counts as false. `column`: it is one of the table's and not the
/// document's.
pub(in super::super) fn scalar(
    args: &mut Args,
    x: &Cond,
    column: bool,
    attr: &Attr,
    op: Op,
    want: &Literal,
) -> Cond {
    let cmp = match op {
        Op::Eq => "=",
        Op::Gt => ">",
        Op::Ge => ">=",
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Ne | Op::Co | Op::Sw | Op::Ew => "",
    };
    match want {
        Literal::Null => x.clone().map(|x| format!("{x} IS NULL")),
        Literal::Bool(b) if column => {
            let v = args.bind(Arg::Bool(*b));
            x.clone().map(|x| format!("{x} = {v}"))
        }
        // In documents: SQLite gives 1 and 0, PostgreSQL the words.
        Literal::Bool(b) => Cond {
            lite: format!("{} = {}", x.lite, i32::from(*b)),
            pg: format!("{} = '{b}'", x.pg),
        },
        Literal::Number(n) => {
            let v = args.bind(Arg::Text(n.to_string()));
            let x = number(x);
            Cond {
                lite: format!("{} {cmp} CAST({v} AS REAL)", x.lite),
                pg: format!("{} {cmp} {v}::text::float8", x.pg),
            }
        }
        Literal::Time(t) if column => {
            let v = args.bind(Arg::Time(*t));
            x.clone().map(|x| format!("{x} {cmp} {v}"))
        }
        // Kept so that the order of texts is the order in time.
        Literal::Time(t) => text(args, x, op, cmp, folded(attr, &t.sortable())),
        Literal::Text(t) => text(args, x, op, cmp, folded(attr, t)),
    }
}

fn text(args: &mut Args, x: &Cond, op: Op, cmp: &str, t: String) -> Cond {
    let n = t.chars().count();
    let v = args.bind(Arg::Text(t));
    match op {
        Op::Co => Cond {
            lite: format!("instr({}, {v}) > 0", x.lite),
            pg: format!("strpos({}, {v}) > 0", x.pg),
        },
        Op::Sw => Cond {
            lite: format!("substr({}, 1, {n}) = {v}", x.lite),
            pg: format!("left({}, {n}) = {v}", x.pg),
        },
        Op::Ew if n == 0 => x.clone().map(|x| format!("({x} IS NOT NULL AND {v} = '')")),
        Op::Ew => Cond {
            lite: format!("substr({x}, -{n}) = {v} AND length({x}) >= {n}", x = x.lite),
            pg: format!("right({}, {n}) = {v}", x.pg),
        },
        _ => Cond {
            lite: format!("{} {cmp} {v}", x.lite),
            pg: format!("{} COLLATE \"C\" {cmp} {v}", x.pg),
        },
    }
}

/// An id as it is shown: a text, which is looked into and has an order.
pub(in super::super) fn id_text(column: &str) -> Cond {
    let part = |from: u8, n: u8| format!("substr(hex({column}), {from}, {n})");
    let parts = [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)];
    Cond { lite: format!("lower({})", parts.join(" || '-' || ")), pg: format!("({column}::text)") }
}

/// The elements of a multi-valued attribute, one of which is looked at as `var`.
pub(in super::super) struct Elements<'a> {
    /// The table's alias.
    pub alias: &'a str,
    /// What the element is called.
    pub var: String,
    /// The names on the way to the attribute.
    pub names: Vec<&'a str>,
    /// Whether its elements have parts.
    pub complex: bool,
}

impl Elements<'_> {
    /// Some element meets a condition.
    pub fn some(&self, inner: &Cond) -> Cond {
        let (alias, var) = (self.alias, &self.var);
        let at = path(&folded_names(false, &self.names));
        Cond {
            lite: format!(
                "EXISTS (SELECT 1 FROM json_each({alias}.folded, '{at}') {var} WHERE {})",
                inner.lite
            ),
            pg: format!(
                "EXISTS (SELECT 1 FROM jsonb_path_query({alias}.folded, '{at}[*]') WITH ORDINALITY \
                 AS {var}(value, key) WHERE {})",
                inner.pg
            ),
        }
    }
    /// A part of the element: folded, or the original at the same position where case counts.
    pub fn part(&self, sub: &Attr) -> Cond {
        let (var, exact) = (&self.var, sub.case_exact && is_text(sub));
        let low = sub.name.to_lowercase();
        if !exact {
            if !self.complex {
                let pg = format!("({var}.value #>> '{{}}')");
                return Cond { lite: format!("{var}.value"), pg };
            }
            return Cond {
                lite: format!("({var}.value ->> '$.\"{low}\"')"),
                pg: format!("({var}.value ->> '{low}')"),
            };
        }
        let (alias, at) = (self.alias, path(&folded_names(true, &self.names)));
        let inside = self.names.iter().fold(String::new(), |p, n| format!("{p} -> '{n}'"));
        let name = &sub.name;
        if !self.complex {
            return Cond {
                lite: format!("({alias}.doc ->> ('{at}[' || {var}.key || ']'))"),
                pg: format!("({alias}.doc{inside} ->> ({var}.key - 1)::int)"),
            };
        }
        Cond {
            lite: format!("({alias}.doc ->> ('{at}[' || {var}.key || '].\"{name}\"'))"),
            pg: format!("({alias}.doc{inside} -> ({var}.key - 1)::int ->> '{name}')"),
        }
    }
}

/// Whether an attribute is sorted as a number.
pub(in super::super) fn numeric(attr: &Attr) -> bool {
    matches!(attr.ty, Type::Integer | Type::Decimal)
}

/// Whether a document carries an extension, by its URN, bound.
pub(in super::super) fn carries(args: &mut Args, alias: &str, urn: &str) -> Cond {
    if !safe(urn) {
        return Cond::never();
    }
    let v = args.bind(Arg::Text(urn.to_owned()));
    Cond {
        lite: format!("json_type({alias}.doc, '$.\"' || {v} || '\"') IS NOT NULL"),
        pg: format!("({alias}.doc -> {v}::text) IS NOT NULL"),
    }
}
