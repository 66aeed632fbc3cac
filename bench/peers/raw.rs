//! The measure for refreshing on PostgreSQL: the same rows written by the same driver with nothing around it. A refresh
//! is one prepared statement and its own transaction, the least the database can be asked for by one that is alone.
//! (Muster lets those that wait share one.)

use super::load::Load;
use crate::shared::Fail;
use muster::crypto::token;
use sqlx::{Connection as _, PgConnection};
use std::time::{Duration, Instant, SystemTime};
use uuid::Uuid;

const ROTATE: &str = "UPDATE refresh_families
  SET token_hash = $4, token_expires_at = CASE WHEN $5 < expires_at THEN $5 ELSE expires_at END
  WHERE selector = $1 AND token_hash = $2 AND token_expires_at > $3 AND ended_at IS NULL AND expires_at > $3
  RETURNING tenant_id, id, user_id, session_id, app_id, tid, scopes, context, expires_at";

/// Rotates a chain on each connection, beginning with these tokens of Muster's own.
pub async fn rotate(url: &str, tokens: &[String], time: Duration) -> Result<Load, Fail> {
    let mut ready = Vec::new();
    for t in tokens {
        let mut c = PgConnection::connect(url).await?;
        sqlx::query("SET muster.scope = '*'").execute(&mut c).await?;
        let (selector, hash) = token::refresh_parts(t).ok_or("a refresh token of another shape")?;
        ready.push((c, selector.to_owned(), hash));
    }
    let started = Instant::now();
    let tasks: Vec<_> = ready
        .into_iter()
        .map(|(mut c, selector, mut hash)| {
            tokio::spawn(async move {
                let mut times = Vec::new();
                while started.elapsed() < time {
                    let sent = Instant::now();
                    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
                    let now = i64::try_from(now.as_micros())?;
                    let next = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
                    let done = sqlx::query(ROTATE)
                        .bind(&selector)
                        .bind(&hash)
                        .bind(now)
                        .bind(&next)
                        .bind(now + 3_600_000_000)
                        .fetch_all(&mut c)
                        .await?;
                    if done.len() != 1 {
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
