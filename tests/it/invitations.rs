//! People who were asked in: the letter, the link, the two ways to accept, and everything that must not open.

mod ask;
mod bounced;
mod bulk;
mod crash;
mod daily;
mod dead;
mod directory;
mod guarded;
mod letter;
mod looks;
mod moved;
mod several;
mod standing;

use crate::{
    story,
    support::{
        TestDb, TestServer,
        server::{Answer, Client},
    },
};
use muster::{
    actor::{Actor, Principal},
    id::RequestId,
    invitations::{self, Sender},
    store::Scope,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    sync::Mutex,
};

const PASSWORD: &str = "violet harbour 27 lanterns";

async fn setting(t: &TestDb) -> TestServer {
    let server = TestServer::start(t).await;
    server.tenant("contoso").await;
    server
}

async fn invite(s: &TestServer, tenant: &str, body: Value) -> Value {
    s.post(&format!("/api/v1/tenants/{tenant}/invitations"), body).await.expect(201).json()
}

/// The path of the link in the answer.
fn path(s: &TestServer, made: &Value) -> String {
    let link = made["link"].as_str().unwrap_or_else(|| panic!("no link: {made}"));
    link.strip_prefix(&s.url).unwrap().to_owned()
}

/// Opens the link and presses the button: the path of the flow.
async fn accept(browser: &Client, path: &str) -> String {
    browser.get(path).await.expect(200);
    let begun = browser.form(path, &[]).await.expect(303);
    begun.header("location").to_owned()
}

/// Accepts with a password; a code as well where it is asked for. The last answer.
async fn with_password(browser: &Client, path: &str) -> Answer {
    let flow = accept(browser, path).await;
    let enrol = browser.get(&flow).await.expect(303).header("location").to_owned();
    assert!(enrol.starts_with("/enrol/"), "{enrol}");
    browser.get(&enrol).await.expect(200);
    let both = [("password", PASSWORD), ("password_again", PASSWORD)];
    let next = browser.form(&enrol, &both).await.expect(303);
    if !next.header("location").ends_with("/code") {
        return next;
    }
    let code = next.header("location").to_owned();
    let page = browser.get(&code).await.expect(200).text;
    browser.form(&code, &[("code", &shown_code(&page))]).await
}

/// The code that an app shows which was given the secret of the page.
pub fn shown_code(page: &str) -> String {
    let secret = page.split("id=\"otp-secret\"").nth(1).unwrap().split('>').nth(1).unwrap();
    let secret: String = secret.split('<').next().unwrap().split_whitespace().collect();
    let url = format!("otpauth://totp/Muster:x?secret={secret}&issuer=Muster");
    totp_rs::Totp::from_url(url).unwrap().generate_current().to_string()
}

async fn me(browser: &Client) -> Option<Value> {
    let a = browser.get("/api/v1/me").await;
    (a.status.as_u16() == 200).then(|| a.json())
}

async fn state(s: &TestServer, made: &Value) -> String {
    let path = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    s.get(&path).await.expect(200).json()["state"].as_str().unwrap().to_owned()
}

story!(async fn a_person_is_asked_in_and_comes_with_a_password(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({
        "email": "Bert@Contoso.example", "display_name": "Bert <Berg>", "roles": [{ "role": "Read-Only" }],
    })).await;
    assert_eq!(made["state"], "pending");
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    let person = s.get(&user).await.expect(200).json();
    assert_eq!(person["user_name"], "Bert@Contoso.example");
    let (browser, path) = (s.browser(), path(&s, &made));
    let page = browser.get(&path).await.expect(200);
    assert_eq!(page.header("cache-control"), "no-store");
    for words in ["contoso", "Bert@Contoso.example", "Read-Only", "id=\"accept\""] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(me(&browser).await.is_none());
    let done = with_password(&browser, &path).await.expect(303);
    assert_eq!(done.header("location"), "/me?done=invited");
    let who = me(&browser).await.expect("signed in");
    assert_eq!(who["in"][0]["roles"], json!(["Read-Only"]));
    assert_eq!(state(&s, &made).await, "accepted");
    // The role is the invitation's, and says so.
    let grants = s.get("/api/v1/tenants/contoso/grants").await.expect(200).json();
    assert_eq!(grants["items"][0]["source"], "invitation");
    // Next time they sign in like anybody else.
    let other = s.browser();
    let flow = other.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
    let typed = [("user_name", "bert@contoso.example"), ("password", PASSWORD)];
    other.form(&format!("{flow}/password"), &typed).await.expect(303);
    assert!(me(&other).await.is_some());
});

story!(async fn whoever_is_to_do_harm_needs_a_second_factor_at_once(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({
        "email": "boss@contoso.example", "roles": [{ "role": "Tenant Administrator" }],
    })).await;
    let (browser, path) = (s.browser(), path(&s, &made));
    let flow = accept(&browser, &path).await;
    let enrol = browser.get(&flow).await.expect(303).header("location").to_owned();
    let both = [("password", PASSWORD), ("password_again", PASSWORD)];
    let code = browser.form(&enrol, &both).await.expect(303).header("location").to_owned();
    assert!(code.ends_with("/code"), "{code}");
    let page = browser.get(&code).await.expect(200).text;
    assert!(page.contains("data:image/svg+xml;base64,"), "{page}");
    let wrong = browser.form(&code, &[("code", "000000")]).await;
    assert!(wrong.text.contains("id=\"problem\""), "{} {}", wrong.status, wrong.text);
    assert!(me(&browser).await.is_none());
    assert_eq!(state(&s, &made).await, "pending", "nothing is used up by a wrong code");
    browser.form(&code, &[("code", &shown_code(&page))]).await.expect(303);
    assert!(me(&browser).await.is_some());
    let path = format!("/api/v1/tenants/contoso/users/{}/sessions", made["user"].as_str().unwrap());
    assert_eq!(s.get(&path).await.expect(200).json()["items"][0]["class"], "mfa");
});

story!(async fn looking_changes_nothing_however_often(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let path = path(&s, &made);
    for _ in 0..50 {
        let scanner = s.browser();
        scanner.get(&path).await.expect(200);
        let head = scanner.send(scanner.request(Method::HEAD, &path)).await;
        assert_eq!(head.status.as_u16(), 200);
        assert!(me(&scanner).await.is_none());
    }
    // One that presses the button as well gets no further without a password, and uses nothing up.
    accept(&s.browser(), &path).await;
    assert_eq!(state(&s, &made).await, "pending");
    with_password(&s.browser(), &path).await.expect(303);
});

story!(async fn another_site_cannot_press_the_button(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let c = s.browser();
    let form: [(&str, &str); 0] = [];
    let r = c.request(Method::POST, &path(&s, &made)).form(&form);
    c.send(r.header("sec-fetch-site", "cross-site")).await.expect(403);
});

story!(async fn a_link_opens_once(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let path = path(&s, &made);
    // Two browsers have come as far as the password.
    let (one, two) = (s.browser(), s.browser());
    let mut enrols = Vec::new();
    for b in [&one, &two] {
        let flow = accept(b, &path).await;
        enrols.push(b.get(&flow).await.expect(303).header("location").to_owned());
    }
    let both = [("password", PASSWORD), ("password_again", PASSWORD)];
    let (a, b) = tokio::join!(one.form(&enrols[0], &both), two.form(&enrols[1], &both));
    let mut status = [a.status.as_u16(), b.status.as_u16()];
    status.sort_unstable();
    assert_eq!(status, [303, 410], "{} {}", a.text, b.text);
    assert_ne!(me(&one).await.is_some(), me(&two).await.is_some());
    let again = s.browser();
    assert!(again.get(&path).await.expect(410).text.contains("does not open"));
    again.form(&path, &[]).await.expect(410);
    let resend = format!("/api/v1/tenants/contoso/invitations/{}/resend", made["id"].as_str().unwrap());
    s.post(&resend, json!({})).await.expect(409);
});

story!(async fn what_is_over_does_not_open(t) {
    let s = setting(&t).await;
    let browser = s.browser();
    // A newer letter.
    let made = invite(&s, "contoso", json!({ "email": "a@contoso.example" })).await;
    let old = path(&s, &made);
    let flow = accept(&browser, &old).await;
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    let new = s.post(&format!("{at}/resend"), json!({})).await.expect(200).json();
    let new = path(&s, &new);
    assert_ne!(old, new);
    assert!(browser.get(&old).await.expect(410).text.contains("does not open"));
    browser.get(&flow).await.expect(410);
    browser.get(&new).await.expect(200);
    // Taken back; a way that was begun is closed as well.
    let enrol = format!("/enrol/{}", accept(&browser, &new).await.rsplit('/').next().unwrap());
    s.as_owner(Method::DELETE, &at, None).await.expect(204);
    assert!(browser.get(&new).await.expect(410).text.contains("does not open"));
    let both = [("password", PASSWORD), ("password_again", PASSWORD)];
    assert!(browser.form(&enrol, &both).await.expect(410).text.contains("taken back"));
    assert_eq!(state(&s, &made).await, "revoked");
    // The person cannot sign in, and is invited again.
    let again = s.post(&format!("{at}/resend"), json!({})).await.expect(200).json();
    browser.get(&path(&s, &again)).await.expect(200);
    // Whoever is switched off does not come in by an old letter.
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    s.as_owner(Method::PATCH, &user, Some(json!({ "enabled": false }))).await.expect(200);
    browser.get(&path(&s, &again)).await.expect(410);
    // Nonsense.
    for p in ["/invite/x", "/invite/mst_inv_x", "/invite/%00"] {
        let a = browser.get(p).await;
        assert!((400..=410).contains(&a.status.as_u16()), "{p}: {}", a.status);
    }
});

story!(async fn time_ends_an_invitation(t) {
    let s = TestServer::with(&t, |c| c.signin.invitation = muster::config::Span(Duration::from_millis(300))).await;
    s.tenant("contoso").await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(state(&s, &made).await, "expired");
    assert!(s.browser().get(&path(&s, &made)).await.expect(410).text.contains("does not open"));
});

story!(async fn five_letters_a_day_are_enough(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let path = format!("/api/v1/tenants/contoso/invitations/{}/resend", made["id"].as_str().unwrap());
    for _ in 0..4 {
        s.post(&path, json!({})).await.expect(200);
    }
    s.post(&path, json!({})).await.expect(429);
});

story!(async fn a_plan_fits_its_person_and_gives_a_role_in_each_tenant(t) {
    let s = setting(&t).await;
    let provider = s.provider().await;
    // A technician's kind belongs to the provider, and the whole instance to administrators.
    let bad = [
        ("contoso", json!({ "email": "a@x.example", "kind": "technician" }), 400),
        ("contoso", json!({ "email": "a@x.example", "roles": [{ "role": "Global Administrator", "everywhere": true }] }), 403),
        ("contoso", json!({ "email": "no address" }), 400),
        ("contoso", json!({ "email": "a@x.example", "roles": [{ "role": "No such role" }] }), 404),
        ("contoso", json!({ "email": "a@x.example", "roles": [{ "role": "Read-Only", "tenant": "nowhere" }] }), 404),
    ];
    for (tenant, body, status) in bad {
        let path = format!("/api/v1/tenants/{tenant}/invitations");
        let a = s.post(&path, body.clone()).await;
        assert_eq!(a.status.as_u16(), status, "{body}: {}", a.text);
    }
    let users = s.get("/api/v1/tenants/contoso/users").await.expect(200).json();
    assert_eq!(users["items"], json!([]), "a refused invitation leaves nobody behind");
    let made = invite(&s, &provider.to_string(), json!({
        "email": "tess@us.example", "kind": "technician",
        "roles": [{ "role": "Technician", "tenant": "contoso" }, { "role": "Read-Only" }],
    })).await;
    let browser = s.browser();
    with_password(&browser, &path(&s, &made)).await.expect(303);
    let who = me(&browser).await.unwrap();
    let roles: Vec<&Value> = who["in"].as_array().unwrap().iter().map(|p| &p["roles"]).collect();
    assert_eq!(roles, [&json!(["Read-Only"]), &json!(["Technician"])], "a role in each tenant");
});

story!(async fn what_the_inviter_lost_is_left_out_when_it_is_accepted(t) {
    let s = setting(&t).await;
    let contoso = s.get("/api/v1/tenants/contoso").await.expect(200).json();
    let contoso = contoso["id"].as_str().unwrap().parse().unwrap();
    let boss = s.person(contoso, "boss", crate::support::person::TENANT_ADMIN).await;
    let other = s.person(contoso, "other", crate::support::person::TENANT_ADMIN).await;
    let by = |user| {
        let principal = Principal::User {
            home: contoso, user, kind: muster::actor::UserKind::Tenant, session: None, app: None,
            scopes: None, bound: None,
        };
        Actor::prove(principal, RequestId::new())
    };
    let body = json!({ "email": "new@contoso.example", "roles": [{ "role": "Read-Only" }] }).to_string();
    let path = "/tenants/contoso/invitations";
    let made = crate::api::call(&s, Some(&by(boss)), "POST", path, &body).await.expect(201).json();
    let late = body.replace("new@", "late@");
    let late = crate::api::call(&s, Some(&by(other)), "POST", path, &late).await.expect(201).json();
    assert_eq!(made["invited_by"], "BOSS");
    // The inviter is no administrator any more.
    let grants = s.get("/api/v1/tenants/contoso/grants").await.expect(200).json();
    let grants = grants["items"].as_array().unwrap();
    let theirs = grants.iter().find(|g| g["user"] == boss.to_string()).unwrap();
    let grant = format!("/api/v1/tenants/contoso/grants/{}", theirs["id"].as_str().unwrap());
    s.as_owner(Method::DELETE, &grant, None).await.expect(204);
    let browser = s.browser();
    with_password(&browser, &self::path(&s, &made)).await.expect(303);
    assert_eq!(me(&browser).await.unwrap()["in"][0]["roles"], json!([]));
    let trail = s.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
    let event = trail["items"].as_array().unwrap().iter().find(|e| e["action"] == "invitation.accept");
    assert_eq!(event.unwrap()["detail"]["left_out"].as_array().unwrap().len(), 1);
    // An inviter who is switched off takes their open invitations with them.
    let user = format!("/api/v1/tenants/contoso/users/{boss}");
    s.as_owner(Method::DELETE, &user, None).await.expect(204);
    s.post("/api/v1/tenants/contoso/grants", json!({ "user": made["user"], "role": "Tenant Administrator" }))
        .await.expect(201);
    let user = format!("/api/v1/tenants/contoso/users/{other}");
    s.as_owner(Method::PATCH, &user, Some(json!({ "enabled": false }))).await.expect(200);
    s.browser().get(&self::path(&s, &late)).await.expect(410);
});

story!(async fn somebody_else_who_is_signed_in_is_told_so(t) {
    let s = setting(&t).await;
    let first = invite(&s, "contoso", json!({ "email": "anna@contoso.example" })).await;
    let second = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let browser = s.browser();
    with_password(&browser, &path(&s, &first)).await.expect(303);
    let page = browser.get(&path(&s, &second)).await.expect(200).text;
    assert!(page.contains("id=\"other\"") && !page.contains("id=\"accept\""), "{page}");
    browser.form(&path(&s, &second), &[]).await.expect(409);
    assert_eq!(state(&s, &second).await, "pending");
});

/// A mail server, as far as a letter needs one. Refuses the first `refusals` letters, and knows no `nobody`.
async fn smtp(refusals: usize) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let (kept, left) = (got.clone(), Arc::new(Mutex::new(refusals)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (kept, left) = (kept.clone(), left.clone());
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 test\r\n").await.unwrap();
                let (mut data, mut inside) = (String::new(), false);
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer: &[u8] = if inside {
                        if line != "." {
                            data.push_str(&line);
                            data.push('\n');
                            continue;
                        }
                        inside = false;
                        let mut left = left.lock().await;
                        if *left > 0 {
                            *left -= 1;
                            b"451 later\r\n"
                        } else {
                            kept.lock().await.push(std::mem::take(&mut data));
                            b"250 ok\r\n"
                        }
                    } else if line.starts_with("RCPT") && line.contains("<nobody@") {
                        b"550 5.1.1 no such mailbox\r\n"
                    } else if line.starts_with("RCPT") && line.contains("<blocked@") {
                        b"554 5.7.1 we take no letters from there\r\n"
                    } else if line.starts_with("DATA") {
                        inside = true;
                        b"354 go\r\n"
                    } else if line.starts_with("EHLO") {
                        b"250 test\r\n"
                    } else if line.starts_with("QUIT") {
                        b"221 bye\r\n"
                    } else {
                        b"250 ok\r\n"
                    };
                    write.write_all(answer).await.unwrap();
                }
            });
        }
    });
    (port, got)
}

async fn with_mail(t: &TestDb, port: u16) -> TestServer {
    let server = TestServer::with(t, |c| {
        c.mail.server = format!("smtp://127.0.0.1:{port}").into();
        "Muster <no-reply@muster.example>".clone_into(&mut c.mail.from);
    })
    .await;
    server.tenant("contoso").await;
    server
}

/// Waits for the letters, ten seconds at most.
async fn letters(got: &Arc<Mutex<Vec<String>>>, n: usize) -> Vec<String> {
    for _ in 0..100 {
        if got.lock().await.len() >= n {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    got.lock().await.clone()
}

/// The link in the plain part of a letter.
fn link_of(s: &TestServer, letter: &str) -> String {
    let text = letter.replace("=\n", "");
    let at = text.find(&format!("{}/invite/", s.url)).unwrap_or_else(|| panic!("{letter}"));
    text[at + s.url.len()..].split_whitespace().next().unwrap().to_owned()
}

story!(async fn the_letter_arrives_also_when_the_server_refused_it_first(t) {
    let (port, got) = smtp(1).await;
    let s = with_mail(&t, port).await;
    let made = invite(&s, "contoso", json!({
        "email": "bert@contoso.example", "display_name": "Bert", "roles": [{ "role": "Read-Only" }],
    })).await;
    assert!(made["link"].is_null(), "the letter has the link, and nobody else: {made}");
    let letter = letters(&got, 1).await.pop().expect("a letter");
    for words in ["From: Muster <no-reply@muster.example>", "To: bert@contoso.example",
                  "Message-ID: <", "multipart/alternative", "text/plain", "text/html", "contoso"] {
        assert!(letter.contains(words), "{words}: {letter}");
    }
    with_password(&s.browser(), &link_of(&s, &letter)).await.expect(303);
    let path = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    assert!(s.get(&path).await.expect(200).json()["sent_at"].is_string());
    assert_eq!(got.lock().await.len(), 1, "one letter");
});

/// The letter that waits in the outbox of a server whose own mail goes nowhere, and a sender to `port`.
async fn waiting(s: &TestServer, made: &Value, port: u16) -> (muster::outbox::Message, Sender) {
    let mut c = s.app.store.read(Scope::Platform).await.unwrap();
    let payload: String = muster::sql!(c, one<String>, {
        lite: "SELECT payload FROM outbox /* platform: test, scan: test */ WHERE topic = 'invitation.mail'",
        pg: "SELECT payload::text FROM outbox /* platform: test, scan: test */ WHERE topic = 'invitation.mail'",
    }).unwrap();
    assert!(!payload.contains("mst_inv_"), "the link rests sealed: {payload}");
    let mut mail = s.app.config.mail.clone();
    mail.server = format!("smtp://127.0.0.1:{port}").into();
    let sender = Sender {
        store: s.app.store.clone(),
        access: s.app.access.clone(),
        master: s.app.master.clone(),
        mailer: muster::mail::Mailer::new(&mail, std::path::Path::new("")).unwrap(),
        issuer: s.url.clone(),
        brand: "Muster".to_owned(),
    };
    let message = muster::outbox::Message {
        id: muster::id::MessageId::new(),
        tenant: made["tenant"].as_str().unwrap().parse().unwrap(),
        topic: invitations::TOPIC.to_owned(),
        payload: serde_json::from_str(&payload).unwrap(),
        attempts: 0,
    };
    (message, sender)
}

story!(async fn the_link_rests_sealed_and_a_dead_one_is_not_sent(t) {
    // Nothing listens: the message waits.
    let s = with_mail(&t, 1).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let (port, got) = smtp(0).await;
    let (message, sender) = waiting(&s, &made, port).await;
    // Handed over after it was taken back: no letter, no error.
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    s.as_owner(Method::DELETE, &at, None).await.expect(204);
    invitations::deliver(sender, s.app.system(), message).await.unwrap();
    assert!(got.lock().await.is_empty());
});

crate::pure!(
    fn an_address_is_one_persons_in_any_case_and_no_other() {
        use invitations::same_address as same;
        assert!(same("Bert@Contoso.example", "bert@contoso.EXAMPLE"));
        assert!(same("bert@bücher.example", "bert@xn--bcher-kva.example"));
        for other in [
            "ber.t@contoso.example",
            "bert+x@contoso.example",
            "bert@contoso.example.evil",
            "bert",
            "",
            "@contoso.example",
            "bert@contoso.example@evil.example",
        ] {
            assert!(!same("bert@contoso.example", other), "{other}");
        }
    }
);
