//! /Schemas beside the tables of RFC 7643: every attribute of 4.1 to 4.3 with its characteristics.

use crate::{story, support::TestServer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The attributes as RFC 7643 has them (4.1 to 4.3 and 8.7.1; a reference is case exact by 2.3.7, a binary by 2.3.6):
/// the letters say multi-valued, required, case exact; what is not said is read-write, returned by default, unique
/// nowhere. `canonical` and `refers` are lists.
const RFC: &str = "
User
userName string R unique
name complex
name.formatted string
name.familyName string
name.givenName string
name.middleName string
name.honorificPrefix string
name.honorificSuffix string
displayName string
nickName string
profileUrl reference E refers=external
title string
userType string
preferredLanguage string
locale string
timezone string
active boolean
password string writeOnly never
emails complex M
emails.value string
emails.display string
emails.type string canonical=work,home,other
emails.primary boolean
phoneNumbers complex M
phoneNumbers.value string
phoneNumbers.display string
phoneNumbers.type string canonical=work,home,mobile,fax,pager,other
phoneNumbers.primary boolean
ims complex M
ims.value string
ims.display string
ims.type string canonical=aim,gtalk,icq,xmpp,msn,skype,qq,yahoo
ims.primary boolean
photos complex M
photos.value reference E refers=external
photos.display string
photos.type string canonical=photo,thumbnail
photos.primary boolean
addresses complex M
addresses.formatted string
addresses.streetAddress string
addresses.locality string
addresses.region string
addresses.postalCode string
addresses.country string
addresses.type string canonical=work,home,other
groups complex M readOnly
groups.value string readOnly
groups.$ref reference E readOnly refers=User,Group
groups.display string readOnly
groups.type string readOnly canonical=direct,indirect
entitlements complex M
entitlements.value string
entitlements.display string
entitlements.type string
entitlements.primary boolean
roles complex M
roles.value string
roles.display string
roles.type string
roles.primary boolean
x509Certificates complex M
x509Certificates.value binary E
x509Certificates.display string
x509Certificates.type string
x509Certificates.primary boolean
Group
displayName string R
members complex M
members.value string immutable
members.$ref reference E immutable refers=User,Group
members.type string immutable canonical=User,Group
EnterpriseUser
employeeNumber string
costCenter string
organization string
division string
department string
manager complex
manager.value string
manager.$ref reference E refers=User
manager.displayName string readOnly
";

/// Where we say something else, since /Schemas is true to what we do.
const OURS: &[(&str, &str, &str, &str)] = &[
    ("User", "active", "required", "it cannot be taken away: the default would let people in"),
    (
        "User",
        "groups.$ref",
        "referenceTypes",
        "there are no groups in groups: only groups are meant",
    ),
    (
        "User",
        "groups.type",
        "canonicalValues",
        "there are no groups in groups: nobody is in one indirectly",
    ),
    (
        "Group",
        "displayName",
        "uniqueness",
        "it is unique here, unless the directory's settings say otherwise",
    ),
    ("Group", "members.$ref", "referenceTypes", "there are no groups in groups"),
    ("Group", "members.type", "canonicalValues", "there are no groups in groups"),
    ("EnterpriseUser", "manager.displayName", "returned", "it is looked up, for those who ask"),
];

/// What we have beside the RFC's tables: the usual company of a value (2.4).
const MORE: &[(&str, &str)] = &[("User", "addresses.primary")];

type Table = BTreeMap<(String, String), BTreeMap<&'static str, Value>>;

fn rfc() -> Table {
    let (mut all, mut schema) = (Table::new(), "");
    for line in RFC.lines().filter(|l| !l.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, ty, more @ ..] = words.as_slice() else {
            schema = line;
            continue;
        };
        let has = |w: &str| more.contains(&w);
        let list = |w: &str| {
            let found = more.iter().find_map(|m| m.strip_prefix(w)?.strip_prefix('='));
            json!(found.map_or_else(Vec::new, |l| l.split(',').collect()))
        };
        let mutability = ["readOnly", "writeOnly", "immutable"]
            .into_iter()
            .find(|m| has(m))
            .unwrap_or("readWrite");
        all.insert(
            (schema.to_owned(), (*name).to_owned()),
            BTreeMap::from([
                ("type", json!(ty)),
                ("multiValued", json!(has("M"))),
                ("required", json!(has("R"))),
                ("caseExact", json!(has("E"))),
                ("mutability", json!(mutability)),
                ("returned", json!(if has("never") { "never" } else { "default" })),
                ("uniqueness", json!(if has("unique") { "server" } else { "none" })),
                ("canonicalValues", list("canonical")),
                ("referenceTypes", list("refers")),
            ]),
        );
    }
    all
}

/// What is served, in the same form.
fn served(schemas: &[Value]) -> Table {
    let mut all = Table::new();
    let mut add = |schema: &str, name: String, a: &Value| {
        let list = |n: &str| a.get(n).cloned().unwrap_or(json!([]));
        let each = [
            "type",
            "multiValued",
            "required",
            "caseExact",
            "mutability",
            "returned",
            "uniqueness",
        ];
        let mut row: BTreeMap<&'static str, Value> = each.map(|n| (n, a[n].clone())).into();
        row.extend(["canonicalValues", "referenceTypes"].map(|n| (n, list(n))));
        assert!(!a["description"].as_str().unwrap_or("").is_empty(), "{name} is not described");
        all.insert((schema.to_owned(), name), row);
    };
    for s in schemas {
        let schema = s["name"].as_str().unwrap();
        for a in s["attributes"].as_array().unwrap() {
            let name = a["name"].as_str().unwrap();
            add(schema, name.to_owned(), a);
            for sub in a["subAttributes"].as_array().into_iter().flatten() {
                add(schema, format!("{name}.{}", sub["name"].as_str().unwrap()), sub);
            }
        }
    }
    all
}

story!(
    async fn the_schemas_are_the_rfcs(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let listed = scim.get("/Schemas").await.expect(200).json();
        let (rfc, ours) = (rfc(), served(listed["Resources"].as_array().unwrap()));
        assert_eq!(rfc.len(), 80, "the table was read");
        let mut differ = BTreeSet::new();
        for ((schema, name), want) in &rfc {
            let have = ours.get(&(schema.clone(), name.clone()));
            let have = have.unwrap_or_else(|| panic!("{schema} lacks {name}"));
            for (what, value) in want {
                if &have[what] != value {
                    differ.insert((schema.as_str(), name.as_str(), *what));
                }
            }
        }
        let said: BTreeSet<_> = OURS.iter().map(|(s, n, w, _)| (*s, *n, *w)).collect();
        assert_eq!(differ, said);
        let more: Vec<_> = ours.keys().filter(|k| !rfc.contains_key(k)).collect();
        let said: Vec<_> = MORE.iter().map(|(s, n)| ((*s).to_owned(), (*n).to_owned())).collect();
        assert_eq!(more, said.iter().collect::<Vec<_>>());
        // Each by its URN is the one of the list.
        for s in listed["Resources"].as_array().unwrap() {
            let one = scim.get(&format!("/Schemas/{}", s["id"].as_str().unwrap())).await.expect(200).json();
            assert_eq!(&one, s);
        }
    }
);
