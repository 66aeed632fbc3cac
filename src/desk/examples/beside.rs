//! The pages beside a Muster that runs already, for whoever works on them: a change of a page is seen after the few
//! seconds that this crate takes to build.
//!
//! `cargo run -p muster-desk --example beside -- http://127.0.0.1:8080 127.0.0.1:8081`: sign in at the first, then look at
//! `/admin` of the second, on the same host: cookies do not know of ports.

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, Response, StatusCode, header},
    response::IntoResponse as _,
};
use std::convert::Infallible;
use tower::{service_fn, util::BoxCloneSyncService};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let server = args.next().unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let listen = args.next().unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let pass = {
        let server = server.clone();
        move |request: Request<Body>| {
            let (client, server) = (client.clone(), server.clone());
            async move { Ok::<_, Infallible>(passed(&client, &server, request).await) }
        }
    };
    let page = reqwest::get(format!("{server}/signin")).await?.text().await?;
    let sheet = page.split('"').find(|p| p.starts_with("/assets/muster-")).unwrap_or_default();
    let settings = desk::Settings { brand: "Muster".to_owned(), stylesheet: sheet.to_owned() };
    let api = BoxCloneSyncService::new(service_fn(pass.clone()));
    let app: Router =
        desk::routes(desk::Desk::new(settings, api)).fallback_service(service_fn(pass));
    println!("http://{listen}{}", desk::PREFIX);
    axum::serve(tokio::net::TcpListener::bind(&listen).await?, app).await?;
    Ok(())
}

async fn passed(client: &reqwest::Client, server: &str, request: Request<Body>) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 1 << 20).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    parts.headers.remove(header::HOST);
    parts.headers.remove(header::CONTENT_LENGTH);
    if let (true, Ok(origin)) =
        (parts.headers.contains_key(header::ORIGIN), server.parse::<HeaderValue>())
    {
        parts.headers.insert(header::ORIGIN, origin);
    }
    let sent =
        client.request(parts.method, format!("{server}{path}")).headers(parts.headers).body(body);
    match sent.send().await {
        Ok(answer) => {
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut out = Response::new(Body::from(answer.bytes().await.unwrap_or_default()));
            *out.status_mut() = status;
            *out.headers_mut() = headers;
            out.headers_mut().remove(header::TRANSFER_ENCODING);
            out
        }
        Err(e) => (StatusCode::BAD_GATEWAY, e.to_string()).into_response(),
    }
}
