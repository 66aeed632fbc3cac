//! What the checks read of everybody's tables; they write none.

use crate::{
    clock::Timestamp,
    directories::{PresetColumn, Stage},
    error::Result,
    id::InvitationId,
    row, sql,
    store::Conn,
};

row! {
    /// A directory through which people sign in.
    pub(super) struct WayIn {
        pub tenant: String,
        pub name: String,
        pub issuer: String,
        pub preset: PresetColumn,
        pub stage: Stage,
    }
}

pub(super) async fn directories(c: &mut Conn, most: i64) -> Result<Vec<WayIn>> {
    sql!(
        c,
        all<WayIn>,
        "SELECT /* platform: the whole instance is checked, scan: a short list */ t.slug, d.name, d.issuer, d.preset, d.stage
         FROM directories d JOIN tenants t ON t.id = d.tenant_id
         WHERE d.status = 'active' AND t.status = 'active' AND d.issuer IS NOT NULL
         ORDER BY t.slug, d.name LIMIT $1",
        most
    )
}

row! {
    /// Messages that were given up, by topic.
    pub(super) struct Dead {
        pub topic: String,
        pub count: i64,
        pub error: Option<String>,
    }
}

pub(super) async fn dead(c: &mut Conn) -> Result<Vec<Dead>> {
    sql!(
        c,
        all<Dead>,
        "SELECT /* platform: the whole instance is checked, scan: no request waits for it */
                topic, count(*), max(last_error)
         FROM outbox WHERE dead_at IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM invitations i WHERE i.tenant_id = outbox.tenant_id
                           AND i.failed_message = outbox.id)
         GROUP BY topic ORDER BY topic"
    )
}

row! {
    /// An invitation whose letter was given up.
    pub(super) struct Unreached {
        pub tenant: String,
        pub invitation: InvitationId,
        pub error: Option<String>,
    }
}

/// The invitations that could be accepted, if their letter had arrived; the newest `most`.
pub(super) async fn unreached(c: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<Unreached>> {
    sql!(
        c,
        all<Unreached>,
        "SELECT /* platform: the whole instance is checked, scan: no request waits for it */
                t.slug, i.id, o.last_error
         FROM invitations i JOIN tenants t ON t.id = i.tenant_id
         JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id
         LEFT JOIN outbox o ON o.id = i.failed_message
         WHERE i.failed_at IS NOT NULL AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $1
           AND t.status = 'active' AND u.active AND u.enabled
         ORDER BY i.failed_at DESC LIMIT $2",
        now,
        most
    )
}

row! {
    /// Letters that wait, by topic.
    pub(super) struct Late {
        pub topic: String,
        pub count: i64,
        pub since: Timestamp,
        pub error: Option<String>,
    }
}

/// The letters that wait since before `before`.
pub(super) async fn late_letters(c: &mut Conn, before: Timestamp) -> Result<Vec<Late>> {
    sql!(
        c,
        all<Late>,
        "SELECT /* platform: the whole instance is checked, scan: no request waits for it */
                topic, count(*), min(created_at), max(last_error)
         FROM outbox WHERE done_at IS NULL AND dead_at IS NULL AND created_at < $1
           AND (topic LIKE '%.mail' OR topic = 'provisioning.health')
         GROUP BY topic ORDER BY topic",
        before
    )
}

/// Since when the message waits that waited longest.
pub(super) async fn waiting_since(c: &mut Conn) -> Result<Option<Timestamp>> {
    sql!(
        c,
        opt<Timestamp>,
        "SELECT /* platform: the whole instance is checked, scan: no request waits for it */ created_at
         FROM outbox WHERE done_at IS NULL AND dead_at IS NULL ORDER BY created_at LIMIT 1"
    )
}

row! {
    /// A secret that ends.
    pub(super) struct Ending {
        pub tenant: String,
        pub kind: String,
        pub owner: String,
        pub hint: String,
        pub expires_at: Timestamp,
    }
}

/// Secrets that end before `before` and were not over before `after`.
pub(super) async fn ending(
    c: &mut Conn,
    after: Timestamp,
    before: Timestamp,
) -> Result<Vec<Ending>> {
    sql!(
        c,
        all<Ending>,
        "SELECT /* platform: the whole instance is checked, scan: no request waits for it */
                t.slug, 'SCIM token', d.name, s.hint, s.expires_at
         FROM scim_tokens s JOIN directories d ON d.tenant_id = s.tenant_id AND d.id = s.directory_id
         JOIN tenants t ON t.id = s.tenant_id
         WHERE s.expires_at > $1 AND s.expires_at < $2
         UNION ALL
         SELECT t.slug, 'client secret at the provider', d.name, '', d.secret_expires_at
         FROM directories d JOIN tenants t ON t.id = d.tenant_id
         WHERE d.secret_expires_at < $2 AND d.issuer IS NOT NULL AND d.status = 'active'
         UNION ALL
         SELECT t.slug, 'client secret', a.name, s.hint, s.expires_at
         FROM app_secrets s JOIN apps a ON a.tenant_id = s.tenant_id AND a.id = s.app_id
         JOIN tenants t ON t.id = s.tenant_id
         WHERE s.expires_at > $1 AND s.expires_at < $2
         ORDER BY 5 LIMIT 20",
        after,
        before
    )
}

/// Until when the setup link is open that is open longest.
pub(super) async fn setup_link(c: &mut Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    sql!(
        c,
        opt<Timestamp>,
        "SELECT /* scan: a handful of rows */ expires_at FROM setup_links
         WHERE used_at IS NULL AND expires_at > $1 ORDER BY expires_at DESC LIMIT 1",
        now
    )
}

/// How many sealed values were not sealed with the master key whose values look so.
pub(super) async fn sealed_by_others(c: &mut Conn, ours: &str) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT /* platform: the whole instance is checked, scan: no request waits for it */
                (SELECT count(*) FROM directories WHERE client_secret NOT LIKE $1)
              + (SELECT count(*) FROM one_time_codes WHERE secret NOT LIKE $1)
              + (SELECT count(*) FROM signing_keys WHERE private NOT LIKE $1)",
        ours
    )
}
