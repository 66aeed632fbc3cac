//! What people have beside a password, and what is asked of a password.

mod desk;
mod glass;
mod help;
mod password;
mod recovery;
mod reset;
mod takeover;
mod unlocked;

use crate::{
    passkeys::PASSWORD,
    support::{TestServer, server::Client},
};
use serde_json::json;

/// Gives the person of this path a one-time code: its address.
pub async fn code(s: &TestServer, path: &str) -> String {
    let made = s.post(&format!("{path}/one-time-code"), json!({})).await.expect(201).json();
    made["otpauth"].as_str().unwrap().to_owned()
}

/// What an app shows that read this address; `ahead`: so many steps later.
pub fn shown(otpauth: &str, ahead: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    totp_rs::Totp::from_url(otpauth).unwrap().generate(now + 30 * ahead).to_string()
}

/// Signs in at contoso with password and code.
pub async fn with_code(browser: &Client, name: &str, code: &str) {
    let flow = until_second(browser, name).await;
    browser.form(&format!("{flow}/code"), &[("code", code)]).await.expect(303);
}

/// As far as the second factor: the flow's path.
pub async fn until_second(browser: &Client, name: &str) -> String {
    let flow =
        browser.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
    let typed = [("user_name", name), ("password", PASSWORD)];
    browser.form(&format!("{flow}/password"), &typed).await.expect(303);
    flow
}

/// Makes recovery codes on the person's own page.
pub async fn make(browser: &Client) -> Vec<String> {
    let to = browser.form("/me/factors/recovery-codes", &[]).await.expect(303);
    codes(&browser.get(to.header("location")).await.expect(200).text)
}

/// The recovery codes of a page.
pub fn codes(page: &str) -> Vec<String> {
    let all = page.split("<pre id=\"recovery-codes\">").nth(1).unwrap();
    all.split("</pre>").next().unwrap().lines().map(str::to_owned).collect()
}

/// The secret of a code's page, as an address for an app, and the id that its answer names.
pub fn offered(page: &str) -> (String, String) {
    let secret = page.split("id=\"otp-secret\"").nth(1).unwrap().split('>').nth(1).unwrap();
    let secret: String = secret.split('<').next().unwrap().split_whitespace().collect();
    let id = page.split("name=\"ceremony\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    (format!("otpauth://totp/Muster:x?secret={secret}&issuer=Muster"), id.to_owned())
}
