//! The measure for refreshing on PostgreSQL: the same rows written by the same driver with nothing around it. A refresh
//! is one prepared statement and its own transaction, the least the database can be asked for.

use super::load::Load;
use crate::shared::Fail;
use muster::crypto::token::{self, Kind};
use sqlx::{Connection as _, PgConnection};
use std::time::{Duration, Instant, SystemTime};
use uuid::Uuid;

const ROTATE: &str = "WITH used AS (
    UPDATE refresh_tokens SET used_at = $2
    WHERE hash = $1 AND used_at IS NULL AND expires_at > $2
      AND EXISTS (SELECT 1 FROM refresh_families f
                  WHERE f.tenant_id = refresh_tokens.tenant_id AND f.id = refresh_tokens.family_id
                    AND f.ended_at IS NULL AND f.expires_at > $2)
    RETURNING tenant_id, family_id)
  INSERT INTO refresh_tokens (tenant_id, hash, family_id, created_at, expires_at)
  SELECT tenant_id, $3, family_id, $2, $4 FROM used";

/// Rotates a chain on each connection, beginning with these tokens of Muster's own.
pub async fn rotate(url: &str, tokens: &[String], time: Duration) -> Result<Load, Fail> {
    let mut ready = Vec::new();
    for t in tokens {
        let mut c = PgConnection::connect(url).await?;
        sqlx::query("SET muster.scope = '*'").execute(&mut c).await?;
        ready.push((c, token::hash(Kind::Refresh, t).ok_or("a refresh token of another shape")?));
    }
    let started = Instant::now();
    let tasks: Vec<_> = ready
        .into_iter()
        .map(|(mut c, mut hash)| {
            tokio::spawn(async move {
                let mut times = Vec::new();
                while started.elapsed() < time {
                    let sent = Instant::now();
                    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
                    let now = i64::try_from(now.as_micros())?;
                    let next = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
                    let done = sqlx::query(ROTATE)
                        .bind(&hash)
                        .bind(now)
                        .bind(&next)
                        .bind(now + 3_600_000_000)
                        .execute(&mut c)
                        .await?;
                    if done.rows_affected() != 1 {
                        return Err("a refresh token was not there".into());
                    }
                    hash = next;
                    times.push(sent.elapsed().as_secs_f64() * 1000.0);
                }
                c.close().await?;
                Ok::<Vec<f64>, Fail>(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for t in tasks {
        times.extend(t.await??);
    }
    Ok(Load { done: times.len() as u64, elapsed: started.elapsed(), times, ..Load::default() })
}
