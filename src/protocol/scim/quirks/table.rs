//! The table of rules.

use super::Rule;

/// One rule.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub rule: Rule,
    /// Its number.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What is sent.
    pub sent: &'static str,
    /// What we do; switched off, it is refused or taken as the RFC says.
    pub done: &'static str,
    /// Whose habit it is.
    pub who: &'static str,
}

/// A habit that the RFC's letter answers: nothing is to be switched off.
#[derive(Debug)]
pub struct Letter {
    /// Its number.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whose habit it is.
    pub who: &'static str,
    /// What is sent.
    pub sent: &'static str,
    /// What we do, as the RFC has it.
    pub done: &'static str,
}

macro_rules! letters {
    ($($id:literal $name:literal, $who:literal: $sent:literal => $done:literal;)*) => {
        /// What directories do and no rule is needed for.
        pub const LETTER: &[Letter] = &[$(Letter {
            id: $id, name: $name, who: $who, sent: $sent, done: $done,
        }),*];
    };
}

macro_rules! rows {
    ($($rule:ident $id:literal $name:literal, $who:literal: $sent:literal => $done:literal;)*) => {
        /// Every rule, in the order of [`Rule`].
        pub const TABLE: &[Row] = &[$(Row {
            rule: Rule::$rule, id: $id, name: $name, sent: $sent, done: $done, who: $who,
        }),*];
    };
}

rows! {
    Texts "1.1" "values as texts", "Entra":
        "A boolean as a text (`\"True\"`, `\"false\"`) in bodies, operations and filters; a number where a text is wanted, a number as a text."
        => "Read as the schema's type; any other text is `invalidValue`.";
    Verbs "1.2" "spelling of operations", "Entra":
        "`Add`, `Replace`, `Remove`; `operations` and `Op` in another case."
        => "Read without case.";
    Elements "1.3" "missing elements", "Entra":
        "`emails[type eq \"work\"].value` where there is no such e-mail."
        => "Add and replace make an element of the condition, if that is `eq` joined with `and`; remove has nothing to do.";
    Roles "1.4" "role assignments", "Entra":
        "`roles` added as JSON inside a text; assignments that ended are never removed."
        => "The text is taken apart; the list is whole, so it replaces.";
    UrnDot "1.5" "a dot after the URN", "Entra":
        "`urn:...:2.0:User.department` instead of `urn:...:2.0:User:department`."
        => "The same attribute.";
    Manager "1.6" "shapes of a manager", "Entra":
        "An enterprise attribute without its URN, in a path or in a body; the manager as a text, or as a list of one."
        => "`urn:...:enterprise:2.0:User:manager` with `{\"value\": ...}`.";
    Keys "1.7" "paths as names", "Entra":
        "An operation without a path whose value has names such as `name.givenName`, `urn:...:User:department`, `emails[type eq \"work\"].value`."
        => "Each name is read as a path.";
    RemoveValues "1.8" "removal by value", "Entra, JumpCloud":
        "`remove` of `members` with a `value` that lists some."
        => "Those alone are removed, of any attribute with several values.";
    Bare "1.9" "values without their object", "Entra, Ping":
        "`\"u1\"` or `{\"value\": \"u1\"}` where a list of objects is wanted."
        => "A list of one object with that `value`.";
    Whole "1.11" "add that lists everything", "Entra":
        "`add` to an attribute with several values where `replace` is meant."
        => "Replaces, for attributes of an extension that are declared `addReplaces`.";
    Empty "1.12" "empty texts", "Entra":
        "`\"\"` for an attribute that has no value, or for a path that there is not."
        => "Unassigned, like null; no path.";
    EmptyList "1.13" "empty lists", "Entra":
        "A search that finds nothing; the client reads `Resources` all the same."
        => "`Resources` is there, as an empty list.";
    FilterPath "1.14" "a path as a filter", "Entra":
        "`emails[type eq \"work\"].value eq \"a@b\"`."
        => "The condition joins those in the brackets.";
    Probes "1.15" "reference probes", "Entra":
        "`manager eq \"id\"` in a filter: no URN, no `.value`."
        => "Compares the manager's `value`.";
    GroupNames "1.17" "unique group names", "Entra":
        "A group with the name of another."
        => "409 `uniqueness`, unless the directory's `unique_group_names` is off.";
    Schemas "1.20" "schemas that nobody has", "Entra":
        "Unknown or misspelt URNs in `schemas`, `...enterprise:2.0User`, a PATCH without `schemas`."
        => "Unknown ones mean nothing, the misspelt one is the enterprise extension.";
    Media "1.21" "media types", "Entra, Okta":
        "Bodies as something else than `application/scim+json` or `application/json`, or without a type; with a byte order mark."
        => "Read as JSON.";
    LargeGroups "1.22" "answers of large groups", "Entra":
        "PATCH of a group with many members."
        => "204 without a body, unless `attributes` is given.";
    Paging "1.23" "page numbers", "Entra":
        "The client counts by `startIndex` and `itemsPerPage` on every page."
        => "Every list has both, also a whole one.";
    Slashes "1.24" "addresses", "Entra":
        "A slash at the end, doubled slashes, the base address without `/v2`."
        => "The same place.";
    Foreign "1.29" "what is not known here", "Entra":
        "Attributes that are in no schema here: as a path of another schema, as a name in a value, as a part that an attribute has not."
        => "Left out, and the log says so.";
    PutKeeps "2.1" "PUT without what is ours", "Okta":
        "A PUT without `externalId`."
        => "It stays as it was.";
    LargePages "2.3" "large pages", "Okta":
        "A `count` beyond our largest page."
        => "The largest page, and `itemsPerPage` says how large it is.";
    Echo "2.4" "what is read-only comes back", "Okta":
        "`{\"id\": ..., \"displayName\": ...}` as the value of an operation without a path; a read-only part in a value."
        => "What is read-only is left out, the rest is done.";
    Strangers "2.5" "members that are nobody", "Okta":
        "A member's id that is no user of the directory."
        => "The others are taken, unless the directory's `unknown_members` is `refuse`.";
    BareToken "2.9" "a token without a scheme", "Okta":
        "`Authorization: TOKEN`."
        => "As `Authorization: Bearer TOKEN`.";
    Password "2.10" "passwords", "Okta":
        "A `password`."
        => "Dropped: it is stored nowhere.";
    Scim1 "3.1" "the schema of SCIM 1", "OneLogin":
        "`urn:scim:schemas:core:1.0` in `schemas`."
        => "Read as SCIM 2; the answer says 2.0.";
    Unquoted "3.4" "values without quotes", "Ping, Entra":
        "`userName eq ada@example.com`."
        => "The text up to the next blank or bracket.";
}

letters! {
    "1.10" "several operations", "Entra":
        "Several operations in one PATCH, of several attributes."
        => "Applied in order, all or none.";
    "1.16" "soft deletion", "Entra":
        "`active` false, and true again on the same id; the client reads and looks for the person in between."
        => "Whoever is inactive is still found and read; active again, it is the same person with the same id.";
    "1.18" "who has vanished", "Entra":
        "A request for an id that is not there any more."
        => "404, whatever the id looks like, and so for what belongs to another directory. Only a path that can be read in two ways is 400.";
    "1.19" "case", "Entra":
        "Names, URNs, operators and user names in any case."
        => "Compared without case where the attribute says so; kept as they were written.";
    "1.25" "many at once", "Entra":
        "Requests of one tenant in parallel, 25 in a second and more."
        => "Served; nothing is refused for its number.";
    "1.26" "again and again", "Entra":
        "What was refused is sent again, for weeks."
        => "The same answer, and nothing is done twice.";
    "1.27" "tokens", "Entra":
        "A bearer token of the directory, renewed now and then."
        => "Two may be live while one replaces the other; any other is 401.";
    "1.28" "errors are read by people", "Entra":
        "The `detail` is shown to the administrator."
        => "It names the attribute, the value and what would be right.";
    "2.2" "deactivation", "Okta":
        "`active` false in an operation without a path, or by PUT; sometimes twice."
        => "Every session ends at once; the second one has nothing to do.";
    "2.7" "errors are read by programs", "Okta":
        "A client that parses every answer as JSON."
        => "Every refusal is a SCIM error in JSON, 401 as well.";
    "2.8" "patience", "Okta":
        "A client that waits a minute."
        => "Answers come in far less.";
    "2.11" "the SPEC test", "Okta":
        "A suite that looks for people, groups, totals and unknown ids."
        => "It finds them as the RFC has them; an id of any shape is 404, but for the paths of 1.18.";
    "3.2" "a probe", "Google":
        "`GET /Users?count=1` before anything else; people only."
        => "One person, and how many there are.";
    "3.3" "a rehearsal", "JumpCloud":
        "On activation a person and a group are made, changed and deleted."
        => "All of it works at once, and nothing is left behind.";
    "3.5" "polls", "Rippling":
        "`/Users?startIndex=..&count=100` again and again."
        => "Stable pages, each with its place.";
    "3.6" "strictness", "CyberArk, SailPoint, Workday, Saviynt":
        "`/Schemas` is read, lists are sorted, PUT replaces."
        => "As the RFC has it.";
}
