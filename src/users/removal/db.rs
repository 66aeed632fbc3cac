//! SQL of the preview.

use super::Removal;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{TenantId, UserId},
    sql,
    store::Conn,
};

/// What hangs on a user now.
pub(super) async fn counts(
    c: &mut Conn,
    t: TenantId,
    user: UserId,
    now: Timestamp,
) -> Result<Removal> {
    sql!(
        c,
        one<Removal>,
        "SELECT
           (SELECT count(*) FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL
              AND expires_at > $3) AS sessions,
           (SELECT count(*) FROM refresh_families WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL
              AND expires_at > $3) AS families,
           (SELECT count(*) FROM grants WHERE tenant_id = $1 AND user_id = $2 AND source <> 'hold') AS grants,
           (SELECT count(*) FROM members WHERE tenant_id = $1 AND user_id = $2) AS groups,
           (SELECT count(*) FROM identities WHERE tenant_id = $1 AND user_id = $2) AS identities,
           (SELECT count(*) FROM passwords WHERE tenant_id = $1 AND user_id = $2 AND NOT void) AS passwords,
           (SELECT count(*) FROM one_time_codes WHERE tenant_id = $1 AND user_id = $2) AS codes,
           (SELECT count(*) FROM passkeys WHERE tenant_id = $1 AND user_id = $2) AS passkeys,
           (SELECT count(*) FROM consents WHERE tenant_id = $1 AND user_id = $2) AS consents,
           (SELECT count(*) FROM invitations WHERE tenant_id = $1 AND user_id = $2 AND accepted_at IS NULL
              AND revoked_at IS NULL) AS invitations",
        t,
        user,
        now
    )
}
