//! Written next.
use super::Call;
use crate::error::Result;
use axum::response::Response;
pub(super) async fn create(_: &Call) -> Result<Response> {
    Err(crate::error::Error::internal("not built yet"))
}
pub(super) async fn list(_: &Call) -> Result<Response> {
    Err(crate::error::Error::internal("not built yet"))
}
pub(super) async fn get(_: &Call, _: &str) -> Result<Response> {
    Err(crate::error::Error::internal("not built yet"))
}
pub(super) async fn replace(_: &Call, _: &str) -> Result<Response> {
    Err(crate::error::Error::internal("not built yet"))
}
pub(super) async fn patch(_: &Call, _: &str) -> Result<Response> {
    Err(crate::error::Error::internal("not built yet"))
}
pub(super) async fn delete(_: &Call, _: &str) -> Result<Response> {
    Err(crate::error::Error::internal("not built yet"))
}
