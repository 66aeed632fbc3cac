//! Filters as texts, of every operator over every kind of attribute, in every spelling.

use proptest::prelude::*;
use serde_json::Value;

const WORK: &str = "urn:contoso:params:scim:schemas:extension:work:2.0:User";

/// Conditions on the declared extension, of every type.
fn extended() -> impl Strategy<Value = String> {
    let order = prop::sample::select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
    let text = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "le"]);
    let number =
        prop::sample::select(vec!["0", "3", "-2", "7.5", "0.1", "40", "1e2", "-3.25", "5"]);
    let word = prop::sample::select(vec![
        "blue",
        "Blue",
        "grün",
        "AbC",
        "abc",
        "red",
        "green",
        "K1",
        "k1",
        "H1",
        "h1",
        "c1",
        "Van",
        "B-1",
        "b-1",
        "",
        "https://p.example/1",
    ]);
    let time = prop::sample::select(vec![
        "2024-02-29T12:00:00Z",
        "2024-02-29T12:00:00.500Z",
        "2024-02-29T13:00:00+01:00",
        "2025-06-01T00:00:00Z",
        "2020-01-01T00:00:00Z",
    ]);
    let texts = prop::sample::select(vec![
        "tag",
        "code",
        "teams",
        "keys",
        "page",
        "desk.house",
        "cars",
        "cars.plate",
        "cars.type",
    ]);
    let numbers =
        prop::sample::select(vec!["floor", "hours", "grades", "desk.number", "cars.doors"]);
    let times = prop::sample::select(vec!["started", "cars.since"]);
    let any = prop::sample::select(vec![
        "tag",
        "floor",
        "started",
        "teams",
        "grades",
        "desk",
        "desk.number",
        "cars",
        "cars.since",
        "keys",
        "note",
    ]);
    prop_oneof![
        3 => (texts, text.clone(), word.clone()).prop_map(|(a, o, v)| format!("{WORK}:{a} {o} \"{v}\"")),
        3 => (numbers, order.clone(), number.clone()).prop_map(|(a, o, v)| format!("{WORK}:{a} {o} {v}")),
        2 => (times, order.clone(), time).prop_map(|(a, o, v)| format!("{WORK}:{a} {o} \"{v}\"")),
        1 => any.clone().prop_map(|a| format!("{WORK}:{a} pr")),
        1 => any.prop_map(|a| format!("{WORK}:{a} eq null")),
        1 => prop::sample::select(vec!["remote eq true", "remote ne true", "remote eq \"False\""]).prop_map(|t| format!("{WORK}:{t}")),
        2 => (order.clone(), number.clone(), text, word.clone()).prop_map(|(o, n, p, w)| format!("{WORK}:cars[doors {o} {n} and value {p} \"{w}\"]")),
        1 => (order, number).prop_map(|(o, n)| format!("{WORK}:grades[value {o} {n}]")),
        1 => word.prop_map(|w| format!("{WORK}:keys[value eq \"{w}\" or value sw \"K\"]")),
    ]
}

/// What a filter may ask of what the server made: ids, times, groups.
#[derive(Clone, Default)]
pub struct Made {
    pub ids: Vec<String>,
    pub groups: Vec<String>,
    pub times: Vec<String>,
}
impl Made {
    /// Of these documents; `groups` may be empty.
    pub fn of(docs: &[Value], groups: &[Value]) -> Self {
        let id = |d: &Value| d["id"].as_str().unwrap().to_owned();
        let mut times =
            vec!["2020-01-01T00:00:00Z".to_owned(), "2990-01-01T00:00:00+01:00".to_owned()];
        for at in ["/meta/created", "/meta/lastModified"] {
            times.extend(docs.iter().map(|d| d.pointer(at).unwrap().as_str().unwrap().to_owned()));
        }
        let mut ids: Vec<String> = docs.iter().map(id).collect();
        // Other ways to write an id name nobody, except where ids are compared without case.
        ids.extend([
            ids[0].to_uppercase(),
            ids[0].replace('-', ""),
            format!("{{{}}}", ids[0]),
            "nobody".to_owned(),
        ]);
        Self { ids, groups: groups.iter().map(id).chain(["nobody".to_owned()]).collect(), times }
    }
}

/// Ids, whole and in parts, compared in every way: they are texts that are kept as something else.
fn by_id(made: &Made) -> impl Strategy<Value = String> + use<> {
    let op = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "SW"]);
    let part = prop::sample::select(vec![
        (0, 0),
        (0, 1),
        (0, 13),
        (0, 23),
        (0, 31),
        (9, 20),
        (14, 28),
        (24, 36),
        (35, 36),
    ]);
    let text = (prop::sample::select(made.ids.clone()), part)
        .prop_map(|(id, (from, to))| id.get(from..to.min(id.len())).unwrap_or(&id).to_owned());
    let text = prop_oneof![
        4 => text,
        3 => prop::sample::select(made.ids.clone()),
        1 => prop::sample::select(vec!["", "-", "0", "g", "A", "%", "é"]).prop_map(str::to_owned),
    ];
    let name = prop::sample::select(vec!["id", "ID"]);
    (name, op, text).prop_map(|(a, o, v)| format!("{a} {o} \"{v}\""))
}

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Conditions on attributes of every kind, with names in every spelling, and on what the server made.
fn spelt(made: &Made) -> impl Strategy<Value = String> + use<> {
    let names: Vec<String> = [
        "displayName",
        "DISPLAYNAME",
        "phoneNumbers",
        "phoneNumbers.value",
        "PhoneNumbers.Type",
        "phoneNumbers.display",
        "addresses.locality",
        "addresses.country",
        "addresses.type",
        "roles",
        "roles.value",
        "roles.display",
        "profileUrl",
        "name.FORMATTED",
        "locale",
        "ims",
        "entitlements.type",
        "externalid",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([
        format!("{CORE}:userName"),
        format!("{CORE}:name.givenName"),
        format!("{}:emails.value", CORE.to_uppercase()),
        format!("{ENT}:manager"),
        format!("{ENT}:manager.value"),
        format!("{}:DEPARTMENT", ENT.to_lowercase()),
        format!("{ENT}.department"),
        "x509Certificates".to_owned(),
        "x509Certificates.value".to_owned(),
    ])
    .collect();
    let exact = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "EQ", "Co"]);
    let order = prop::sample::select(vec!["eq", "ne", "gt", "ge", "lt", "le", "GT"]);
    let any = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
    let value = prop::sample::select(vec![
        r#"a"b\c"#,
        "b\\",
        "100%_x",
        "%",
        "_",
        "\u{1F600}",
        "z",
        "straße",
        "STRASSE",
        "istanbul",
        "İstanbul",
        "fin",
        "ﬁn",
        "ulm",
        "köln",
        "+1 555 0",
        "fax",
        "mobile",
        "role1",
        "QUJD",
        "qujd",
        "https://p.example/A",
        "M1",
        "m1",
        "sales",
        "user1@a.example",
        "Given2",
        "\u{D7FF}",
        "\u{E000}",
        "",
    ])
    .prop_map(|v| Value::from(v).to_string());
    let multi =
        prop::sample::select(vec!["phoneNumbers", "addresses", "roles", "emails", "photos", "ims"]);
    let inside =
        (prop::sample::select(vec!["type", "TYPE", "primary"]), exact.clone(), value.clone())
            .prop_map(|(a, o, v)| {
                if a == "primary" {
                    format!("{a} {} true", if o == "ne" { "ne" } else { "eq" })
                } else {
                    format!("{a} {o} {v}")
                }
            });
    let inside = prop_oneof![4 => inside, 1 => Just("type pr".to_owned()), 1 => Just("primary eq null".to_owned()),
        1 => Just("type ne \"fax\"".to_owned()), 1 => Just("not (type pr)".to_owned())];
    let inside = inside.prop_recursive(2, 6, 2, |e| {
        prop_oneof![
            (e.clone(), prop::sample::select(vec!["and", "or", "AND"]), e.clone())
                .prop_map(|(a, j, b)| format!("({a}) {j} {b}")),
            e.prop_map(|a| format!("not ({a})")),
        ]
    });
    let group = prop::sample::select(made.groups.clone());
    let time = prop::sample::select(made.times.clone());
    let eq = prop::sample::select(vec!["eq", "ne"]);
    let when = prop::sample::select(vec!["meta.created", "meta.lastModified", "META.lastmodified"]);
    prop_oneof![
        5 => (prop::sample::select(names.clone()), any, value.clone()).prop_filter_map("a binary has no order", |(a, o, v)| {
            let ordered = matches!(o, "gt" | "ge" | "lt" | "le");
            (!(ordered && a.starts_with("x509"))).then(|| format!("{a} {o} {v}"))
        }),
        2 => prop::sample::select(names.clone()).prop_map(|a| format!("{a} pr")),
        2 => (prop::sample::select(names), eq.clone()).prop_map(|(a, o)| format!("{a} {o} null")),
        3 => (multi.clone(), inside.clone()).prop_map(|(a, e)| format!("{a}[{e}]")),
        1 => (multi.clone(), inside, exact, value.clone()).prop_filter_map("an address has no value", |(a, e, o, v)| {
            (a != "addresses").then(|| format!("{a}[{e}].value {o} {v}"))
        }),
        1 => multi.prop_map(|a| format!("{a}.type eq null")),
        3 => by_id(made),
        2 => (group.clone(), eq.clone(), prop::sample::select(vec!["groups", "groups.value"]))
            .prop_map(|(v, o, a)| format!("{a} {o} \"{v}\"")),
        2 => (group.clone(), group, prop::sample::select(vec!["and", "or", "and not"]))
            .prop_map(|(v, w, j)| format!("groups[value eq \"{v}\" {j} (value eq \"{w}\")]")),
        1 => prop::sample::select(vec![
            "groups pr", "groups eq null", "groups ne null", "groups.type eq \"Direct\"", "groups[type eq \"indirect\"]",
            "groups[value pr]", "groups[not (value pr)]", "groups.display eq \"group 1\"", "groups.display co \"s\"",
            "groups[display sw \"STRASSE\" and type eq \"direct\"]", "groups.display gt \"group\"", "id pr", "meta pr", "schemas pr", "active pr", "userName pr",
        ]).prop_map(str::to_owned),
        3 => (when, order, time).prop_map(|(a, o, v)| format!("{a} {o} \"{v}\"")),
    ]
}

/// Conditions on groups.
pub fn of_groups(made: &Made, members: &[String]) -> impl Strategy<Value = String> + use<> {
    let name = prop::sample::select(vec![
        "displayName",
        "DisplayName",
        "urn:ietf:params:scim:schemas:core:2.0:Group:displayName",
        "externalId",
    ]);
    let any = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
    let value = prop::sample::select(vec![
        "Group 1",
        "group 1",
        "ß",
        "SS",
        "Ext-1",
        "ext-1",
        "5",
        "\u{1F600}",
        "%",
        "",
        "zz",
    ]);
    let eq = prop::sample::select(vec!["eq", "ne"]);
    let order = prop::sample::select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
    let member = prop::sample::select(members.to_vec());
    let leaf = prop_oneof![
        4 => (name, any, value).prop_map(|(a, o, v)| format!("{a} {o} \"{v}\"")),
        3 => by_id(made),
        3 => (member.clone(), eq, prop::sample::select(vec!["members", "members.value", "MEMBERS.Value"]))
            .prop_map(|(v, o, a)| format!("{a} {o} \"{v}\"")),
        2 => (member.clone(), member, prop::sample::select(vec!["and", "or", "and not"]))
            .prop_map(|(v, w, j)| format!("members[value eq \"{v}\" {j} (value eq \"{w}\")]")),
        3 => (prop::sample::select(vec!["meta.created", "meta.lastModified"]), order, prop::sample::select(made.times.clone()))
            .prop_map(|(a, o, v)| format!("{a} {o} \"{v}\"")),
        2 => prop::sample::select(vec![
            "members pr", "members eq null", "members ne null", "members.type eq \"user\"", "members[type ne \"User\"]",
            "members[value pr and type eq \"User\"]", "externalId pr", "externalId eq null", "externalId ne null", "displayName pr",
            "meta.resourceType eq \"Group\"", "meta.resourceType eq \"User\"", "meta.resourceType ne \"User\"",
            "meta.resourceType gt \"Gro\"", "meta.version eq \"W/\\\"1\\\"\"", "meta.version co \"2\"",
            "schemas eq \"urn:ietf:params:scim:schemas:core:2.0:Group\"", "schemas eq \"urn:who:knows\"", "id pr",
        ]).prop_map(str::to_owned),
    ];
    joined(leaf)
}

/// Joined, negated, nested.
fn joined(leaf: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["and", "or", "OR"]), inner.clone())
                .prop_map(|(a, j, b)| format!("({a}) {j} ({b})")),
            // Without parentheses: and before or, whatever stands where.
            (inner.clone(), prop::sample::select(vec!["and", "or"]), inner.clone())
                .prop_map(|(a, j, b)| format!("{a} {j} {b}")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

/// Conditions on people.
pub fn filters(made: &Made) -> impl Strategy<Value = String> + use<> {
    let attr = prop::sample::select(vec![
        "userName",
        "externalId",
        "title",
        "name.givenName",
        "name.familyName",
        "emails",
        "emails.value",
        "emails.type",
        "photos.value",
        "manager",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "nickName",
    ]);
    let op = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
    let value = prop::sample::select(vec![
        "user1@a.example",
        "User2@A.example",
        "Ext-1",
        "ext-1",
        "boss4",
        "Given2",
        "work",
        "Work",
        "ärzt",
        "sales",
        "M1",
        "m1",
        "a",
        "",
        "https://p.example/1.PNG",
        "https://p.example/1.png",
        "u3@priv.example",
        "z",
    ]);
    let compare =
        (attr.clone(), op, value.clone()).prop_map(|(a, o, v)| format!("{a} {o} \"{v}\""));
    let leaf = prop_oneof![
        6 => extended(),
        9 => spelt(made),
        6 => compare,
        1 => attr.prop_map(|a| format!("{a} pr")),
        1 => prop::sample::select(vec![
            "active eq true", "active eq \"False\"", "active ne true", "emails.primary eq true", "title eq null", "emails eq null",
            "title ne null", "meta.created gt \"2020-01-01T00:00:00Z\"", "meta.lastModified lt \"2020-01-01T00:00:00Z\"",
            "id eq \"nobody\"", "groups eq \"nobody\"", "meta.resourceType eq \"User\"", "meta.resourceType eq \"Group\"",
            "schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\"", "schemas eq \"urn:who:knows\"",
            "schemas eq \"urn:contoso:params:scim:schemas:extension:work:2.0:User\"",
        ]).prop_map(str::to_owned),
        2 => (prop::sample::select(vec!["eq", "ne", "co", "sw"]), value.clone(), prop::sample::select(vec!["and", "or"]), value)
            .prop_map(|(o, v, j, w)| format!("emails[type {o} \"{w}\" {j} value eq \"{v}\"]")),
    ];
    joined(leaf)
}
