//! What may stand in a route's query and headers. A parameter that is not of the route is refused, so that a slip is
//! told and the API's description is complete.

use schemars::{Schema, json_schema};

/// A parameter of a route.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// As it is written.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Whether it must be there.
    pub needed: bool,
    /// What it can be.
    pub form: Form,
}

/// What a parameter can be.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Any text.
    Text,
    /// The id of something.
    Id,
    /// `true` or `false`; `false` where nothing is said.
    Flag,
    /// `true` or `false`; either where nothing is said.
    Choice,
    /// A number from one to the other.
    Number(u32, u32),
    /// One of these.
    Word(&'static [&'static str]),
    /// A moment.
    Moment,
    /// The header `If-Match`.
    Version,
    /// The header `Idempotency-Key`.
    Key,
}

impl Param {
    const fn of(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, about, needed: false, form }
    }
    const fn needed(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, about, needed: true, form }
    }
    /// Whether it stands in the query.
    pub fn in_query(&self) -> bool {
        !matches!(self.form, Form::Version | Form::Key)
    }
    /// Its schema.
    pub fn schema(&self) -> Schema {
        match self.form {
            Form::Text | Form::Version => json_schema!({ "type": "string" }),
            Form::Key => json_schema!({ "type": "string", "minLength": 1, "maxLength": KEY }),
            Form::Id => json_schema!({ "type": "string", "format": "uuid" }),
            Form::Moment => json_schema!({ "type": "string", "format": "date-time" }),
            Form::Flag => json_schema!({ "type": "boolean", "default": false }),
            Form::Choice => json_schema!({ "type": "boolean" }),
            Form::Number(from, to) => {
                json_schema!({ "type": "integer", "minimum": from, "maximum": to })
            }
            Form::Word(words) => json_schema!({ "type": "string", "enum": words }),
        }
    }
}

pub(super) const LIMIT: Param = Param::of(
    "limit",
    Form::Number(1, super::call::PAGE),
    "How many at most; 100 where nothing is said.",
);
pub(super) const CURSOR: Param = Param::of(
    "cursor",
    Form::Text,
    "Where the page before ended: its `next`, with the same filters.",
);
pub(super) const STARTS: Param = Param::of(
    "starts",
    Form::Text,
    "Only those whose name to sign in with, address, display name or its last word begins with this: quick however many there are.",
);
pub(super) const TEXT: Param = Param::of("text", Form::Text, "Only what has this in its name.");
pub(super) const KIND: Param = Param::of(
    "kind",
    Form::Word(&["administrator", "technician", "tenant", "integration"]),
    "Only users of this kind.",
);
pub(super) const ENABLED: Param = Param::of(
    "enabled",
    Form::Choice,
    "Only what is switched on (`true`), or off; of people, by hand.",
);
pub(super) const ACTIVE: Param =
    Param::of("active", Form::Choice, "Only whose directory lets them in (`true`), or does not.");
pub(super) const TAG: Param = Param::of("tag", Form::Text, "Only tenants that have this tag.");
pub(super) const TENANT_STATUS: Param =
    Param::of("status", Form::Word(&["active", "suspended", "deleting"]), "Only these.");
pub(super) const ROLE: Param = Param::of("role", Form::Text, "Only of this role, by id or name.");
pub(super) const MEMBERS: Param = Param::of(
    "members",
    Form::Flag,
    "Whether the first of its members stand beside it; they do where nothing is said.",
);
pub(super) const USES: Param = Param::of("uses", Form::Flag, "Also how often each is used.");
pub(super) const ROLE_ID: Param = Param::of("role", Form::Id, "Only of the role of this id.");
pub(super) const GROUP: Param =
    Param::of("group", Form::Text, "Only of this group, by id or name.");
pub(super) const STATE: Param = Param::of(
    "state",
    Form::Word(&["pending", "accepted", "expired", "revoked", "outdated", "suspended"]),
    "Only invitations that stand so.",
);
pub(super) const ACTION: Param = Param::of(
    "action",
    Form::Text,
    "Only this action (`user.disable`), or those that begin so (`user.*`).",
);
pub(super) const ACTOR: Param = Param::of(
    "actor",
    Form::Text,
    "Only by them, as events name them: `user:<id>`, `directory:<id>`, `owner`, `system:<what>`; or the name to sign in with, \
     or the e-mail address, of one of the tenant's own people (of the provider's, in the trail of the instance), also as \
     `user:<name>`.",
);
pub(super) const TARGET: Param = Param::of(
    "target",
    Form::Text,
    "Only what happened to this, as events name it: `user:<id>`, `role:<id>` and so on; or the name to sign in with, or \
     the e-mail address, of one of the tenant's own people (of the provider's, in the trail of the instance), also as \
     `user:<name>`; in the trail of the instance a tenant by its slug or name, also as `tenant:<name>`.",
);
pub(super) const ENDED: Param = Param::of(
    "outcome",
    Form::Word(&["success", "refused", "failed"]),
    "Only attempts that ended so.",
);
pub(super) const REASON: Param = Param::of(
    "reason",
    Form::Text,
    "Only attempts that did not become a session for this reason; `docs/signin.md` lists them.",
);
pub(super) const DIRECTORY: Param =
    Param::of("directory", Form::Id, "Only those of this directory.");
pub(super) const DROP_VALUES: Param =
    Param::of("drop_values", Form::Flag, "Also when people carry values: these go with it.");
pub(super) const CONFIRM: Param = Param::needed(
    "confirm",
    Form::Text,
    "The slug of the tenant, so that it is the one that is meant.",
);
pub(super) const TENANT: Param = Param::of(
    "tenant",
    Form::Text,
    "Not of the instance but of this tenant: by its slug or name, or by its id also after it was deleted.",
);
pub(super) const PLACE: Param = Param::of(
    "tenant",
    Form::Text,
    "Only what you have in this tenant, by id or slug; empty: in none.",
);
pub(super) const DAYS: Param = Param::of(
    "days",
    Form::Number(1, super::statistics::DAYS),
    "Of how many days, today being the last; 30 where nothing is said.",
);
pub(super) const THIS: Param = Param::of("this", Form::Flag, "Also the session that asks.");
pub(super) const USER: Param = Param::of(
    "user",
    Form::Text,
    "Only of this user: by id, or one of the tenant's own people by the name to sign in with.",
);
pub(super) const USER_ID: Param = Param::of("user", Form::Id, "Only of the user of this id.");
pub(super) const WITH: Param =
    Param::needed("with", Form::Text, "The id or name of the role to compare with.");
pub(super) const FORMAT: Param = Param::of(
    "format",
    Form::Word(&["markdown", "csv"]),
    "In which form; Markdown where nothing is said.",
);
pub(super) const TRAIL: Param = Param::of(
    "format",
    Form::Word(&["csv", "ndjson"]),
    "In which form; a table where nothing is said.",
);
pub(super) const WHO: Param = Param::needed("user", Form::Text, "The user's id or name.");
pub(super) const PERMISSION: Param =
    Param::needed("permission", Form::Text, "The permission's id.");
pub(super) const HOME: Param =
    Param::of("home", Form::Text, "The user's own tenant (id or slug), if it is another.");
pub(super) const BAD: Param =
    Param::of("bad", Form::Flag, "Only attempts that did not become a session.");
pub(super) const IF_MATCH: Param = Param::of(
    "If-Match",
    Form::Version,
    "The `ETag` of what you saw; if it has changed since, the answer is 412 and nothing happens.",
);
/// The longest key.
pub(super) const KEY: usize = 255;
pub(super) const IDEMPOTENCY_KEY: Param = Param::of(
    "Idempotency-Key",
    Form::Key,
    "A text of your own for this one request. Sent again under the same key within a day, it is answered as the first was \
     and does nothing more; see `docs/admin-api.md`.",
);
pub(super) const SINCE: Param =
    Param::of("since", Form::Moment, "Only from this moment on, like 2026-01-31T12:00:00Z.");
pub(super) const UNTIL: Param = Param::of("until", Form::Moment, "Only before this moment.");
pub(super) const STATUS: Param = Param::of(
    "status",
    Form::Text,
    "Only with this status (`409`), one of a class (`4xx`), `ok` or `error`.",
);
pub(super) const METHOD: Param =
    Param::of("method", Form::Word(&["GET", "POST", "PUT", "PATCH", "DELETE"]), "Only by this.");
pub(super) const RESOURCE: Param =
    Param::of("resource", Form::Word(&["User", "Group", "Bulk", "Discovery"]), "Only about these.");
pub(super) const RESOURCE_ID: Param =
    Param::of("id", Form::Id, "Only about the person or group of this id.");
pub(super) const USER_NAME: Param = Param::of(
    "user_name",
    Form::Text,
    "Only about who has this `userName`, also where it is not kept.",
);
pub(super) const EXTERNAL_ID: Param = Param::of(
    "external_id",
    Form::Text,
    "Only about what has this `externalId`, also where it is not kept.",
);
pub(super) const REQUEST: Param =
    Param::of("request", Form::Id, "Only the request of this id, as audit events name it.");
pub(super) const IGNORED: Param =
    Param::of("ignored", Form::Flag, "Only where a part was ignored.");
pub(super) const CHANGES: Param = Param::of("changes", Form::Flag, "Only where something changed.");
pub(super) const MINE: Param = Param::of("mine", Form::Flag, "Only what is yours to decide about.");
pub(super) const UNDECIDED: Param =
    Param::of("undecided", Form::Flag, "Only what nobody decided about.");
pub(super) const OUTCOME: Param = Param::of(
    "outcome",
    Form::Word(&["kept", "undecided", "removed", "shortened", "listed", "held", "gone", "refused"]),
    "Only what ended so.",
);
pub(super) const EVIDENCE: Param =
    Param::of("format", Form::Word(&["json", "csv"]), "In which form; JSON where nothing is said.");
pub(super) const SHA256: Param =
    Param::of("sha256", Form::Text, "The SHA-256 of a file, hexadecimal.");
